package ai.realm.core.tokenizer;

import ai.realm.core.tokenizer.PreTokenizer.Pass;
import ai.realm.core.tokenizer.PreTokenizer.PatternPass;
import ai.realm.core.tokenizer.PreTokenizer.RunPass;
import ai.realm.core.tokenizer.PreTokenizer.TrailingSpacePass;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The pre-tokenizers that GGUF files name in {@code tokenizer.ggml.pre}: the patterns of the models' tokenizer.json files, in the
 * form in which llama.cpp (de3ff81) runs them, and the rules that go with a name.
 */
final class PreTokenizers {
    static final String CONTRACTION = "'(?:[sS]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])";
    static final String SPACES = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    static final String SYMBOLS = " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|";
    static final String WORD = "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|";
    static final String GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
    static final String LLAMA3 = CONTRACTION + "|" + WORD + "\\p{N}{1,3}|" + SYMBOLS + SPACES;
    static final String QWEN2 = CONTRACTION + "|" + WORD + "\\p{N}|" + SYMBOLS + SPACES;
    private static final String QWEN35 = CONTRACTION + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}"
            + "| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|" + SPACES;
    /** Words that turn from upper to lower case at most once; letters beyond ASCII count as either. */
    private static final String UPPER = "[\\p{L}&&[^a-z]]";
    private static final String LOWER = "[\\p{L}&&[^A-Z]]";
    private static final String CASED = "[^\\r\\n\\p{L}\\p{N}]?" + UPPER + "*" + LOWER + "+%1$s|[^\\r\\n\\p{L}\\p{N}]?" + UPPER
            + "+" + LOWER + "*%1$s|";
    private static final String TEKKEN = CASED.replace("%1$s", "") + "\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" + SPACES;
    static final String GPT4O = CASED.replace("%1$s", "(?:" + CONTRACTION + ")?")
            + "\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" + SPACES;
    private static final String CJK = "[一-龥\\u0800-一가-퟿]+";
    private static final String KANA_OR_CJK = "[一-龥\\u3040-ゟ゠-ヿ]+";
    static final String DEEPSEEK3 = "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
            + "|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|" + SPACES;
    private static final String KIMI = "\\p{Han}+|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}&&[^\\p{Han}]]+(?:" + CONTRACTION
            + ")?|\\p{N}{1,3}|" + SYMBOLS + SPACES;

    /** The cased letters as DeepSeek's tokenizer lists them; U+FFFE stands for those beyond the BMP. */
    private static final String CASED_LETTERS = "A-Za-z\u00B5\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u01BA\u01BC-\u01BF\u01C4-\u0293\u0295-\u02AF"
            + "\u0370-\u0373\u0376\u0377\u037B-\u037D\u037F\u0386\u0388-\u038A\u038C\u038E-\u03A1\u03A3-\u03F5"
            + "\u03F7-\u0481\u048A-\u052F\u0531-\u0556\u10A0-\u10C5\u13A0-\u13F5\u13F8-\u13FD\u1C90-\u1CBA"
            + "\u1CBD-\u1CBF\u1D00-\u1D2B\u1D6B-\u1D77\u1D79-\u1D9A\u1E00-\u1F15\u1F18-\u1F1D\u1F20-\u1F45"
            + "\u1F48-\u1F4D\u1F50-\u1F57\u1F59\u1F5B\u1F5D\u1F5F-\u1F7D\u1F80-\u1FB4\u1FB6-\u1FBC\u1FBE"
            + "\u1FC2-\u1FC4\u1FC6-\u1FCC\u1FD0-\u1FD3\u1FD6-\u1FDB\u1FE0-\u1FEC\u1FF2-\u1FF4\u1FF6-\u1FFC\u2102"
            + "\u2107\u210A-\u2113\u2115\u2119-\u211D\u2124\u2126\u2128\u212A-\u212D\u212F-\u2134\u2139"
            + "\u213C-\u213F\u2145-\u2149\u214E\u2183\u2184\u2C00-\u2C7B\u2C7E-\u2CE4\u2CEB-\u2CEE\u2CF2\u2CF3"
            + "\uA640-\uA66D\uA680-\uA69B\uA722-\uA76F\uA771-\uA787\uA78B-\uA78E\uAB70-\uABBF\uFB00-\uFB06"
            + "\uFB13-\uFB17\uFF21-\uFF3A\uFF41-\uFF5A\uFFFE";

    /**
     * What goes with a name: how to split, and five questions. Is a word that is a token as a whole taken without merging? Is BOS
     * added unless the file says otherwise? Does detokenizing clean up spaces? Do tokens write bytes as printable characters? Is
     * a space written as U+2581?
     */
    record Rules(PreTokenizer splitter, boolean wholeWords, boolean addBos, boolean cleanSpaces, boolean byteEncoded,
            boolean escapeSpaces) {

        Rules wholeWords(boolean bos) {
            return new Rules(splitter, true, bos, cleanSpaces, byteEncoded, escapeSpaces);
        }

        Rules withBos() {
            return new Rules(splitter, wholeWords, true, cleanSpaces, byteEncoded, escapeSpaces);
        }

        /** Tokens are plain UTF-8. */
        Rules onCharacters(boolean escape) {
            return new Rules(splitter, wholeWords, addBos, cleanSpaces, false, escape);
        }
    }

    private PreTokenizers() {
    }

    static Rules byName(String name) {
        return switch (name) {
            case "", "default" ->
                rules(true, "[\\p{P}$+<=>^~|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]");
            case "smollm" -> rules(false, "\\p{N}", GPT2);
            case "starcoder", "refact", "codeshell", "exaone", "minerva-7b", "mellum2" -> rules(true, "\\p{N}", GPT2);
            case "command-r" -> rules(false, "\\p{N}", GPT2);
            case "gpt-2", "phi-2", "jina-es", "jina-de", "gigachat", "jina-v2-es", "jina-v2-de", "a.x-4.0", "mellum",
                    "modern-bert", "mpt", "olmo", "jais", "exaone4", "jina-v1-en", "jina-v2-code", "roberta-bpe" ->
                rules(true, GPT2);
            case "trillion", "granite-docling" -> rules(false, GPT2);
            case "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano" ->
                rules(true, LLAMA3).wholeWords(true);
            case "dbrx", "smaug-bpe", "glm4", "chatglm-bpe" -> rules(true, LLAMA3);
            case "qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "hunyuan", "solar-open", "grok-2" -> rules(false, QWEN2);
            case "stablelm2", "megrez" -> rules(true, QWEN2);
            case "qwen35" -> rules(false, QWEN35);
            case "tekken" -> rules(false, TEKKEN).wholeWords(true);
            case "gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2" -> rules(false, GPT4O);
            case "falcon" -> rules(true, "[\\p{P}$+<=>^~|`]+", GPT2, "[0-9][0-9][0-9]");
            case "deepseek-coder" -> rules(false, "[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", CJK, "\\p{N}");
            case "deepseek-llm" -> deepseekLlm();
            case "deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4" -> rules(false, "\\p{N}{1,3}", KANA_OR_CJK, DEEPSEEK3);
            case "kimi-k2" -> rules(false, KIMI);
            default -> LessCommonPreTokenizers.byName(name);
        };
    }

    private static Rules deepseekLlm() {
        Pass[] passes = {pass("[\\r\\n]"), RunPass.of(CASED_LETTERS),
                RunPass.of("!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002"), new TrailingSpacePass(),
                pass(CJK),
                pass("\\p{N}+")};
        return rules(false, passes);
    }

    static Rules rules(boolean cleanSpaces, String... patterns) {
        Pass[] passes = new Pass[patterns.length];
        for (int i = 0; i < passes.length; i++) {
            passes[i] = pass(patterns[i]);
        }
        return rules(cleanSpaces, passes);
    }

    static Rules rules(boolean cleanSpaces, Pass... passes) {
        return new Rules(new PreTokenizer(List.of(passes)), false, false, cleanSpaces, true, false);
    }

    /** A pattern that names Unicode categories runs over collapsed text, any other over the characters themselves. */
    static Pass pass(String pattern) {
        boolean collapsed = pattern.contains("\\p{");
        return new PatternPass(Pattern.compile(collapsed ? expanded(pattern) : pattern), collapsed);
    }

    /** The pattern with each Unicode category written as its ASCII members and its stand-in. */
    private static String expanded(String pattern) {
        StringBuilder out = new StringBuilder();
        int depth = 0;
        for (int i = 0; i < pattern.length(); i++) {
            char c = pattern.charAt(i);
            if (c == '\\' && pattern.startsWith("\\p{", i)) {
                int end = pattern.indexOf('}', i);
                String members = members(pattern.substring(i + 3, end));
                out.append(depth > 0 ? members : "[" + members + "]");
                i = end;
            } else if (c == '\\') {
                out.append(c).append(pattern.charAt(++i));
            } else {
                depth += c == '[' ? 1 : c == ']' ? -1 : 0;
                out.append(c);
            }
        }
        return out.toString();
    }

    private static String members(String category) {
        return switch (category) {
            case "L" -> "A-Za-z" + UnicodeClasses.LETTER + UnicodeClasses.HAN_LETTER;
            case "N" -> "0-9" + UnicodeClasses.NUMBER;
            case "P" -> "!-#%-*,-/:;?@\\[\\\\\\]_{}" + UnicodeClasses.PUNCTUATION;
            case "S" -> "$+<=>\\^`|~" + UnicodeClasses.SYMBOL;
            case "M" -> String.valueOf(UnicodeClasses.MARK);
            case "Han" -> String.valueOf(UnicodeClasses.HAN_LETTER);
            default -> throw new IllegalArgumentException("no Unicode category " + category);
        };
    }
}
