package ai.realm.core.tokenizer;

import java.util.Arrays;

/** Takes out the spaces that word-level vocabularies put before punctuation and English contractions. Source: llama.cpp de3ff81. */
final class SpaceCleaner {
    private SpaceCleaner() {
    }

    /** Changes and gives back the text's bytes. */
    static byte[] clean(byte[] text) {
        int n = beforePunctuation(text, text.length);
        n = loneApostrophes(text, n);
        return Arrays.copyOf(text, contractions(text, n));
    }

    private static int beforePunctuation(byte[] t, int n) {
        int out = Math.min(n, 1);
        for (int i = 1; i < n; i++) {
            byte c = t[i];
            if (t[i - 1] == ' ' && (c == '?' || c == '!' || c == '.' || c == ',')) {
                out--;
            }
            t[out++] = c;
        }
        return out;
    }

    private static int loneApostrophes(byte[] t, int n) {
        int out = Math.min(n, 1);
        for (int i = 1; i < n; i++) {
            byte c = t[i];
            if (c == '\'' && i + 1 < n && t[i - 1] == ' ' && t[i + 1] == ' ') {
                out--;
                t[++i] = 0;
            }
            t[out++] = c;
        }
        return out;
    }

    private static int contractions(byte[] t, int n) {
        int out = Math.min(n, 1);
        for (int i = 1; i < n; i++) {
            byte c = t[i];
            if (t[i - 1] == ' ' && c == '\'' && i + 1 < n && isContraction(t[i + 1], i + 2 < n ? t[i + 2] : 0)) {
                out--;
            }
            t[out++] = c;
        }
        return out;
    }

    private static boolean isContraction(byte first, byte second) {
        return first == 's' || first == 'm' || (first == 'r' || first == 'v') && second == 'e';
    }
}
