package ai.realm.server.cli.verify;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The first place where a result departs from what is wanted. */
record Difference(int at, String what) {
    private static final int SHOWN = 24;

    /** Null when equal. */
    static @Nullable Difference ofIds(int[] got, int[] want) {
        int at = Arrays.mismatch(got, want);
        return at < 0 ? null : new Difference(at, "id " + at + " is " + element(got, at) + ", not " + element(want, at));
    }

    private static String element(int[] ids, int at) {
        return at < ids.length ? Integer.toString(ids[at]) : "absent";
    }

    /** Null when equal; counts UTF-16 units. */
    static @Nullable Difference ofText(String what, String got, String want) {
        int at = Arrays.mismatch(got.toCharArray(), want.toCharArray());
        return at < 0
                ? null
                : new Difference(at, what + " from character " + at + " is " + shown(got, at) + ", not " + shown(want, at));
    }

    /** Null when equal. */
    static @Nullable Difference ofBytes(String what, byte[] got, byte[] want) {
        int at = Arrays.mismatch(got, want);
        return at < 0 ? null : new Difference(at, what + " differs from byte " + at + " of " + want.length);
    }

    /** A short piece of a text as ASCII in quotes. */
    static String shown(String text, int from) {
        StringBuilder out = new StringBuilder("\"");
        for (int i = from; i < Math.min(text.length(), from + SHOWN); i++) {
            char c = text.charAt(i);
            if (c >= ' ' && c < 127 && c != '"' && c != '\\') {
                out.append(c);
            } else {
                out.append(String.format("\\u%04x", (int) c));
            }
        }
        return out.append(from + SHOWN < text.length() ? "…\"" : "\"").toString();
    }
}
