package ai.realm.core.tokenizer;

import ai.realm.core.gguf.GgufFile;
import ai.realm.core.gguf.GgufType;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The token ids with a role, as the file names them, as their family has them by default, or as their spelling tells: many
 * files do not mark all the tokens that end a generation. Source: llama.cpp de3ff81.
 */
record SpecialIds(int bos, int eos, int unknown, int separator, Set<Integer> endOfGeneration, boolean addsBos, boolean addsEos) {
    private static final List<String> END_OF_TURN = List.of("<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>",
            "<|endoftext|>", "<|end_of_text|>", "<EOT>", "_<EOT>", "[EOT]", "<｜end▁of▁sentence｜>", "<end_of_utterance>");
    private static final List<String> END_OF_GENERATION = List.of("<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>",
            "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>", "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>",
            "[EOT]", "[EOS]", "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<turn|>", "<|tool_response>",
            "<｜end▁of▁sentence｜>", "[e~[");
    private static final List<String> FIM_PREFIX = List.of("<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>",
            "<PRE>", "▁<PRE>", "<|code_prefix|>", "<|prefix|>");
    private static final List<String> FIM_SUFFIX = List.of("<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>",
            "<SUF>", "▁<SUF>", "<|code_suffix|>", "<|suffix|>");
    private static final List<String> FIM_MIDDLE = List.of("<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>",
            "<MID>", "▁<MID>", "<|code_middle|>", "<|middle|>");
    private static final List<String> FIM_PAD = List.of("<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]");
    private static final List<String> FIM_REPOSITORY = List.of("<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>",
            "<reponame>");
    private static final List<String> FIM_FILE = List.of("<|file_sep|>");
    /** Tokens of gpt-oss that its output format needs to see. */
    private static final List<String> ALWAYS_SHOWN = List.of("<|channel|>", "<|message|>", "<|start|>", "<|constrain|>");

    /** Finds the roles; the kinds of tokens that are control tokens by their spelling are put right in {@code kinds}. */
    static SpecialIds of(GgufFile gguf, TokenizerKind kind, ByteTable table, Vocab.Kind[] kinds, boolean addBosByDefault,
            boolean addEosByDefault) {
        Finder f = new Finder(gguf, table, kinds);
        int bos = f.id("bos_token_id", kind.bos);
        int eos = f.id("eos_token_id", kind.eos);
        int unknown = f.id("unknown_token_id", kind.unknown);
        int separator = f.id("seperator_token_id", kind.separator);
        int eot = f.orSpelled(f.id("eot_token_id", -1), END_OF_TURN);
        int eom = f.orSpelled(f.id("eom_token_id", -1), List.of("<|eom_id|>"));
        f.orSpelled(f.id("prefix_token_id", f.id("fim_pre_token_id", -1)), FIM_PREFIX);
        f.orSpelled(f.id("suffix_token_id", f.id("fim_suf_token_id", -1)), FIM_SUFFIX);
        f.orSpelled(f.id("middle_token_id", f.id("fim_mid_token_id", -1)), FIM_MIDDLE);
        Set<Integer> ends = new TreeSet<>();
        ends.add(f.orSpelled(f.id("fim_pad_token_id", -1), FIM_PAD));
        ends.add(f.orSpelled(f.id("fim_rep_token_id", -1), FIM_REPOSITORY));
        ends.add(f.orSpelled(f.id("fim_sep_token_id", -1), FIM_FILE));
        for (String spelling : END_OF_GENERATION) {
            ends.add(f.control(spelling));
        }
        for (String spelling : ALWAYS_SHOWN) {
            f.set(f.find(spelling), Vocab.Kind.USER_DEFINED);
        }
        Collections.addAll(ends, eos, eot, eom);
        ends.remove(-1);
        f.dropExceptions(ends);
        // Gemma 4 begins with BOS whatever its file says
        boolean addsBos = kind == TokenizerKind.GEMMA4_BPE || gguf.boolOr(VocabKeys.PREFIX + "add_bos_token", addBosByDefault);
        boolean addsEos = gguf.boolOr(VocabKeys.PREFIX + "add_eos_token", addEosByDefault);
        return new SpecialIds(bos, eos, unknown, separator, Collections.unmodifiableSet(ends), addsBos && bos >= 0,
                addsEos && eos >= 0);
    }

    private record Finder(GgufFile gguf, ByteTable table, Vocab.Kind[] kinds) {
        int id(String name, int absent) {
            int fallback = absent < table.size() ? absent : -1;
            gguf.requireType(VocabKeys.PREFIX + name, GgufType.UINT32);
            long id = gguf.integerOr(VocabKeys.PREFIX + name, -1);
            return id >= 0 && id < table.size() ? (int) id : fallback;
        }

        int find(String spelling) {
            return table.find(spelling.getBytes(StandardCharsets.UTF_8));
        }

        int orSpelled(int id, List<String> spellings) {
            for (int i = 0; id < 0 && i < spellings.size(); i++) {
                id = control(spellings.get(i));
            }
            return id;
        }

        int control(String spelling) {
            int id = find(spelling);
            set(id, Vocab.Kind.CONTROL);
            return id;
        }

        void set(int id, Vocab.Kind kind) {
            if (id >= 0) {
                kinds[id] = kind;
            }
        }

        /** Models that spell a token as others spell their end, but go on after it. */
        void dropExceptions(Set<Integer> ends) {
            boolean call = ends.contains(find("<|call|>")) || ends.contains(find("<|calls|>"));
            int end = find("<|end|>");
            if (ends.contains(end) && call && (ends.contains(find("<|return|>")) || ends.contains(find("<|flush|>")))) {
                ends.remove(end);
                set(end, Vocab.Kind.USER_DEFINED);
            }
            int s = find("</s>");
            if (ends.contains(s) && ends.contains(find("<|tool_response>"))) {
                ends.remove(s);
                set(s, Vocab.Kind.NORMAL);
            }
        }
    }
}
