package ai.realm.core.tokenizer;

import ai.realm.core.gguf.GgufException;
import ai.realm.core.gguf.GgufFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Finds the form of a file's pairs: its template named {@code rerank}, or the two texts between the special tokens of its vocabulary's
 * family. Source: llama.cpp de3ff81, {@code format_prompt_rerank}; where that leaves out the tokens around the second text that the
 * family was trained with (BERT's last separator, XLM-RoBERTa's doubled one), they are there.
 */
public final class TextPairForms {
    private static final String TEMPLATE = "tokenizer.chat_template.rerank";
    private static final String QUERY = "{query}";
    private static final String DOCUMENT = "{document}";
    private static final int MAX_PLACES = 8;
    private static final Set<String> SEPARATED = Set.of("jina-v1-en", "jina-v2-code", "roberta-bpe");

    private TextPairForms() {
    }

    /** @throws GgufException when the file's template is none */
    public static TextPairs fromGguf(GgufFile file, Tokenizer tokenizer) {
        if (file.metadata().get(TEMPLATE) instanceof String template) {
            return new Template(parts(template), tokenizer);
        }
        return between(file, tokenizer);
    }

    private static TextPairs between(GgufFile file, Tokenizer tokenizer) {
        if (!(tokenizer.vocab() instanceof GgufVocab vocab)) {
            throw new IllegalArgumentException("pairs are made by the tokenizer of their file");
        }
        SpecialIds special = vocab.special();
        TokenizerKind kind = TokenizerKind.byName(file.string(VocabKeys.PREFIX + "model"));
        int separator = special.separator() >= 0 ? special.separator() : special.eos();
        if (kind == TokenizerKind.WORD_PIECE) {
            return new Between(tokenizer, special.bos(), -1, separator, separator);
        }
        String pre = String.valueOf(file.stringOr(VocabKeys.PREFIX + "pre", ""));
        boolean separated = file.boolOr(VocabKeys.PREFIX + "add_sep_token",
                kind == TokenizerKind.UNIGRAM || SEPARATED.contains(pre));
        int end = special.addsEos() ? special.eos() : -1;
        return new Between(tokenizer, special.addsBos() ? special.bos() : -1, end, separated ? separator : -1, end);
    }

    /** The template's own text and, between, the places for the two texts. */
    private static List<String> parts(String template) {
        List<String> parts = new ArrayList<>();
        int at = 0;
        while (at < template.length()) {
            int query = template.indexOf(QUERY, at);
            int document = template.indexOf(DOCUMENT, at);
            int next = query < 0 ? document : document < 0 ? query : Math.min(query, document);
            if (next < 0) {
                break;
            }
            String place = next == query ? QUERY : DOCUMENT;
            parts.add(template.substring(at, next));
            parts.add(place);
            at = next + place.length();
        }
        parts.add(template.substring(at));
        int places = parts.size() / 2;
        if (places > MAX_PLACES || !parts.contains(QUERY) || !parts.contains(DOCUMENT)) {
            throw new GgufException("key " + TEMPLATE + " must have the places {query} and {document}, at most " + MAX_PLACES
                    + " together", -1);
        }
        return List.copyOf(parts);
    }

    /** @param parts those with odd indices are places */
    private record Template(List<String> parts, Tokenizer tokenizer) implements TextPairs {
        @Override
        public int[] ids(String query, String document) {
            String safeQuery = SpecialTokens.breakSpellings(query, tokenizer.vocab());
            String safeDocument = SpecialTokens.breakSpellings(document, tokenizer.vocab());
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < parts.size(); i++) {
                String part = parts.get(i);
                text.append(i % 2 == 0 ? part : part.equals(QUERY) ? safeQuery : safeDocument);
            }
            return tokenizer.encode(text.toString(), false, true);
        }
    }

    /** Special tokens before, between and after the texts, each -1 for none. */
    private record Between(Tokenizer tokenizer, int first, int queryEnd, int separator, int last) implements TextPairs {
        @Override
        public int[] ids(String query, String document) {
            return of(query).ids(document);
        }

        @Override
        public OfQuery of(String query) {
            IntList out = new IntList(64);
            add(out, first);
            text(out, query);
            add(out, queryEnd);
            add(out, separator);
            int[] before = out.toArray();
            return document -> after(before, document);
        }

        private int[] after(int[] before, String document) {
            IntList out = new IntList(before.length + 64);
            out.addAll(before);
            text(out, document);
            add(out, last);
            return out.toArray();
        }

        private static void add(IntList out, int id) {
            if (id >= 0) {
                out.add(id);
            }
        }

        private void text(IntList out, String text) {
            out.addAll(tokenizer.encode(text, false, false));
        }
    }
}
