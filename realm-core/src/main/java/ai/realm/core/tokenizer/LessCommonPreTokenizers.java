package ai.realm.core.tokenizer;

import static ai.realm.core.tokenizer.PreTokenizers.CONTRACTION;
import static ai.realm.core.tokenizer.PreTokenizers.DEEPSEEK3;
import static ai.realm.core.tokenizer.PreTokenizers.GPT2;
import static ai.realm.core.tokenizer.PreTokenizers.LLAMA3;
import static ai.realm.core.tokenizer.PreTokenizers.QWEN2;
import static ai.realm.core.tokenizer.PreTokenizers.SPACES;
import static ai.realm.core.tokenizer.PreTokenizers.SYMBOLS;
import static ai.realm.core.tokenizer.PreTokenizers.WORD;
import static ai.realm.core.tokenizer.PreTokenizers.pass;
import static ai.realm.core.tokenizer.PreTokenizers.rules;

import ai.realm.core.gguf.GgufException;
import ai.realm.core.tokenizer.PreTokenizer.DigitGroupPass;
import ai.realm.core.tokenizer.PreTokenizers.Rules;

/** The pre-tokenizers of less common models; see {@link PreTokenizers}. */
final class LessCommonPreTokenizers {
    private static final String NEWLINES = "[^\\n]+|\\n+";
    private static final String BLOOM = " ?[^(\\s|.,!?\u2026\u3002\uFF0C\u3001\u0964\u06D4\u060C)]+";
    private static final String KANA_OR_CJK = "[\\u4E00-\\u9FA5\\u3040-\\u30FF]+";
    private static final String YOUTU = "[\\uAC00-\\uD7A3\\u3131-\\u318E]+|[\\uFF01\\u2026\\u201C\\u201D\\u2018\\u2019\\u2014\\uFF1A\\uFF1B\\uFF0C"
            + "\\u3001-\\u303F\\uFE30-\\uFE4F]+|[\\u3105-\\u312F]+|" + KANA_OR_CJK;
    /** The ranges as llama.cpp has them: two do not begin where their script does. */
    private static final String ASIAN = "[\\u4E00-\\u9FFF\\u3400-\\u4DBF\\u8C48-\\uFAFF\\u3040-\\u309F\\u30A0-\\u30FF\\uFF65-\\uFF9F"
            + "\\u2F00-\\u2FDF\\u0E40-\\u0E7F\\u0E80-\\u0EFF\\u1780-\\u17FF\\u1000-\\u109F\\uAA60-\\uAA7F\\uA9E0-\\uA9FF\\uAC00-\\uD7AF"
            + "\\u1100-\\u11FF]+";

    private LessCommonPreTokenizers() {
    }

    static Rules byName(String name) {
        return switch (name) {
            case "jais-2" -> rules(true, jais2());
            case "spark2_5" -> rules(false, "\\p{N}{1,3}", KANA_OR_CJK,
                    DEEPSEEK3.replace("[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+", "[\\p{P}\\p{S}]+|[\\r\\n]"), "\\p{N}");
            case "youtu" -> rules(false, YOUTU, markedWords(1)).wholeWords(false);
            case "poro-chat" -> rules(false, BLOOM);
            case "bloom", "gpt3-finnish" -> rules(true, BLOOM);
            case "viking" -> rules(false, BLOOM, "\\p{N}");
            case "chameleon" -> rules(false, "<sentinel:[0-9]+>", "IMGIMG[A-I]{1,4}Z", "[\\t\\n]|    |  ", "\\p{N}",
                    "[\\p{P}!-/:-@\\[-`{-~]", GPT2).withBos();
            case "granite-embed-multi-97m" -> rules(false, casedWithMarks()).wholeWords(false);
            case "tiny_aya", "cohere2moe" -> rules(false, new DigitGroupPass(false), pass(markedWords(3)));
            case "superbpe" -> rules(false, pass("\\p{N}+"), new DigitGroupPass(true));
            case "bailingmoe", "bailingmoe2", "llada-moe" -> rules(false,
                    CONTRACTION + "|" + WORD + "\\p{N}|" + SYMBOLS + "\\s*[\\r\\n]|\\s+(?!\\S)|\\s+");
            case "seed-coder" -> rules(false,
                    CONTRACTION + "|" + WORD + "\\p{N}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|" + SPACES);
            case "ufakzeka" -> rules(false, WORD + "\\p{N}|" + SYMBOLS + SPACES);
            case "afmoe" -> rules(false, new DigitGroupPass(false), pass(ASIAN), pass(DEEPSEEK3));
            case "laguna" -> rules(false, NEWLINES, QWEN2);
            case "exaone-moe" -> rules(true, CONTRACTION + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}(?:[\\p{L}\\p{M}]| \\p{L})*+|\\p{N}"
                    + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]?|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+");
            case "gemma4", "granite-embed-multi-311m" -> rules(true, NEWLINES).withBos().onCharacters(true);
            case "sarvam-moe" -> rules(false, NEWLINES).onCharacters(true);
            case "minicpm5" -> rules(true, "\\p{N}{1,3}", LLAMA3.replace("{1,3}", "+")).wholeWords(false);
            default -> throw new GgufException("key tokenizer.ggml.pre names the unknown pre-tokenizer " + name, -1);
        };
    }

    private static String jais2() {
        StringBuilder runs = new StringBuilder("\\s*[\\r\\n]+");
        for (int n = 512; n >= 4; n /= 2) {
            runs.append("|\\s{").append(n).append("}(?!\\S)");
        }
        return LLAMA3.replace(SPACES, runs.append("|\\s{1,2}(?!\\S)|\\s").toString());
    }

    /** Words of letters and marks with an English contraction; digits in groups of at most {@code digits}. */
    private static String markedWords(int digits) {
        return "[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+(?:" + CONTRACTION + ")?|\\p{N}{1," + digits
                + "}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|" + SPACES;
    }

    private static String casedWithMarks() {
        return PreTokenizers.GPT4O.replace("[\\p{L}&&", "[\\p{L}\\p{M}&&");
    }
}
