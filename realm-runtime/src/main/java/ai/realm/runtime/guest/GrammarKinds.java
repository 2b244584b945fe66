package ai.realm.runtime.guest;

import ai.realm.core.sampling.SamplingParams;

/** The kinds of grammar that a guest may hand over, as parameters: GBNF, JSON schema, a regular expression, lines to choose from. */
final class GrammarKinds {
    private static final int MAX_CHOICES = 4096;

    private GrammarKinds() {
    }

    static SamplingParams params(int kind, String text) {
        SamplingParams.Builder b = SamplingParams.greedy(1).toBuilder();
        return switch (kind) {
            case 0 -> b.grammar(text).build();
            case 1 -> b.jsonSchema(text).build();
            case 2 -> b.grammar("root ::= %regex " + quoted(text)).build();
            case 3 -> b.grammar(choices(text)).build();
            default -> throw new AbiException(AbiError.BAD_OPTION,
                    "a grammar's kind must be 0 GBNF, 1 JSON schema, 2 regular expression or 3 choices, not " + kind);
        };
    }

    private static String choices(String text) {
        String[] lines = text.split("\n", -1);
        if (text.isEmpty() || lines.length > MAX_CHOICES) {
            throw new AbiException(AbiError.BAD_OPTION, "choices must be 1 to " + MAX_CHOICES + " lines");
        }
        StringBuilder out = new StringBuilder("root ::= ");
        for (int i = 0; i < lines.length; i++) {
            out.append(i == 0 ? "" : " | ").append(quoted(lines[i]));
        }
        return out.toString();
    }

    /** A text in quotes, as GBNF and JSON read it. */
    private static String quoted(String text) {
        StringBuilder out = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= ' ' && c < 0x7F && c != '"' && c != '\\') {
                out.append(c);
            } else {
                out.append(String.format("\\u%04X", (int) c));
            }
        }
        return out.append('"').toString();
    }
}
