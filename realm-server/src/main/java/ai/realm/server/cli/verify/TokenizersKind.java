package ai.realm.server.cli.verify;

import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufReader;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Tokenizers;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/** Vocabularies ({@code ggml-vocab-X.gguf.gz}) with texts and their ids, and ids and their texts. */
final class TokenizersKind implements Kind {
    private static final String PREFIX = "ggml-vocab-";
    private static final String SEPARATOR = "\n__ggml_vocab_test__\n";
    private static final Pattern LINE = Pattern.compile("\n");
    private static final int MAX_BYTES = 1 << 30;

    @Override
    public String name() {
        return "tokenizers";
    }

    @Override
    public void verify(Path folder, CaseKernels kernels, Consumer<Verdict> out) throws IOException {
        List<Path> files = new ArrayList<>(CaseData.files(folder, ".gguf.gz"));
        files.addAll(CaseData.files(folder, ".gguf"));
        for (Path file : files) {
            String stem = CaseData.stem(file, file.toString().endsWith(".gz") ? ".gguf.gz" : ".gguf");
            String name = stem.startsWith(PREFIX) ? stem.substring(PREFIX.length()) : stem;
            try (GgufFile gguf = open(file)) {
                Tokenizer tokenizer = Tokenizers.fromGguf(gguf)
                        .orElseThrow(() -> new IllegalArgumentException("the file has no tokenizer"));
                new Cases(folder, name, stem, tokenizer, out).run();
            } catch (IOException | RuntimeException | StackOverflowError e) {
                out.accept(Verdict.failed(name(), name, "first_difference", CaseData.message(e)));
            }
        }
    }

    private static GgufFile open(Path file) throws IOException {
        if (!file.toString().endsWith(".gz")) {
            return GgufReader.open(file);
        }
        try (InputStream in = new GZIPInputStream(Files.newInputStream(file), 1 << 16)) {
            byte[] bytes = in.readNBytes(MAX_BYTES);
            return GgufReader.parse(bytes);
        }
    }

    /** The cases of one vocabulary. */
    private final class Cases {
        private final Path folder;
        private final String vocabulary;
        private final String stem;
        private final Tokenizer tokenizer;
        private final Consumer<Verdict> out;

        Cases(Path folder, String vocabulary, String stem, Tokenizer tokenizer, Consumer<Verdict> out) {
            this.folder = folder;
            this.vocabulary = vocabulary;
            this.stem = stem;
            this.tokenizer = tokenizer;
            this.out = out;
        }

        void run() throws IOException {
            Path info = folder.resolve(vocabulary + ".info.json");
            if (Files.exists(info)) {
                JsonNode want = CaseData.read(info);
                tell("vocabulary", () -> differingFact(want));
            }
            texts();
            Path lines = folder.resolve(vocabulary + ".jsonl");
            if (Files.exists(lines)) {
                int i = 0;
                for (String line : LINE.split(Files.readString(lines))) {
                    JsonNode data = CaseData.JSON.readTree(line);
                    tell("jsonl " + i++, () -> difference(data));
                }
            }
        }

        private void tell(String label, Supplier<@Nullable Difference> check) {
            String name = vocabulary + "/" + label;
            try {
                out.accept(Verdict.exact(name(), name, check.get()));
            } catch (RuntimeException | StackOverflowError e) {
                out.accept(Verdict.failed(name(), name, "first_difference", CaseData.message(e)));
            }
        }

        /** The reference's own texts: a separator between them, a line of ids for each. */
        private void texts() throws IOException {
            Path inputs = folder.resolve(stem + ".gguf.inp");
            Path outputs = folder.resolve(stem + ".gguf.out");
            if (!Files.exists(inputs) || !Files.exists(outputs)) {
                return;
            }
            String[] texts = Files.readString(inputs).split(Pattern.quote(SEPARATOR), -1);
            String[] ids = LINE.split(Files.readString(outputs), -1);
            for (int i = 0; i < texts.length; i++) {
                String text = texts[i];
                String line = i < ids.length ? ids[i].strip() : "absent";
                tell("text " + i, () -> Difference.ofIds(tokenizer.encode(text, false, false), parse(line)));
            }
        }

        private static int[] parse(String line) {
            return line.isEmpty() ? new int[0] : Stream.of(line.split(" ")).mapToInt(Integer::parseInt).toArray();
        }

        private @Nullable Difference difference(JsonNode data) {
            int[] ids = CaseData.ints(CaseData.need(data, "ids"));
            String text = CaseData.need(data, "text").asText();
            int[] got = tokenizer.encode(text, data.path("add_special").asBoolean(), data.path("parse_special").asBoolean());
            Difference d = Difference.ofIds(got, ids);
            if (d == null) {
                d = Difference.ofBytes("detok", tokenizer.detokenize(ids, true, false), bytes(data, "detok"));
            }
            return d != null
                    ? d
                    : Difference.ofBytes("detok_plain", tokenizer.detokenize(ids, false, true), bytes(data, "detok_plain"));
        }

        private static byte[] bytes(JsonNode data, String name) {
            JsonNode encoded = data.get(name + "_base64");
            return encoded != null
                    ? CaseData.base64(encoded)
                    : CaseData.need(data, name).asText().getBytes(StandardCharsets.UTF_8);
        }

        private @Nullable Difference differingFact(JsonNode want) {
            var vocab = tokenizer.vocab();
            Set<Integer> ends = new TreeSet<>();
            want.path("eog").forEach(id -> ends.add(id.asInt()));
            String[][] facts = {{"n_vocab", "" + vocab.size()}, {"bos", "" + vocab.bosId()}, {"eos", "" + vocab.eosId()},
                    {"add_bos", "" + vocab.addsBos()}, {"clean_spaces", "" + tokenizer.cleansSpaces()}};
            for (int i = 0; i < facts.length; i++) {
                JsonNode node = want.get(facts[i][0]);
                if (node != null && !node.asText().equals(facts[i][1])) {
                    return new Difference(i, facts[i][0] + " is " + facts[i][1] + ", not " + node.asText());
                }
            }
            Set<Integer> got = new TreeSet<>(vocab.endOfGenerationIds());
            if (want.has("eog") && !got.equals(ends)) {
                return new Difference(facts.length, "end-of-generation ids are " + got + ", not " + ends);
            }
            String digest = want.path("pieces_sha256").asText("");
            return digest.isEmpty() || digest.equals(piecesDigest())
                    ? null
                    : new Difference(facts.length + 1, "the tokens' texts are not those of the reference (SHA-256)");
        }

        private String piecesDigest() {
            try {
                MessageDigest digest = MessageDigest.getInstance("SHA-256");
                for (int id = 0; id < tokenizer.vocab().size(); id++) {
                    byte[] piece = tokenizer.vocab().bytes(id);
                    digest.update(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(piece.length).array());
                    digest.update(piece);
                }
                return HexFormat.of().formatHex(digest.digest());
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException("every Java has SHA-256", e);
            }
        }
    }
}
