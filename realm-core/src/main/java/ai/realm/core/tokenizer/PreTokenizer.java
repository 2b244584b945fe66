package ai.realm.core.tokenizer;

import java.util.BitSet;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Splits text into the words within which BPE merges, by one or more passes, each of which splits the words of the one before
 * it. What no pattern matches is a word too.
 */
final class PreTokenizer {
    private final List<Pass> passes;

    PreTokenizer(List<Pass> passes) {
        this.passes = passes;
    }

    /** The ends of the words, as numbers of code points, in order. */
    IntList split(CodePoints text) {
        Views views = new Views(text);
        IntList ends = new IntList(8);
        ends.add(text.count());
        for (Pass pass : passes) {
            IntList finer = new IntList(ends.size() + text.count() / 4);
            pass.split(views, ends, finer);
            ends = finer;
        }
        return ends;
    }

    /** The texts that patterns run over, made when first wanted. */
    static final class Views {
        private final CodePoints text;
        private String collapsed = "";
        private String plain = "";

        Views(CodePoints text) {
            this.text = text;
        }

        CodePoints text() {
            return text;
        }

        String collapsed() {
            if (collapsed.isEmpty()) {
                collapsed = text.collapsed();
            }
            return collapsed;
        }

        String plain() {
            if (plain.isEmpty()) {
                plain = text.plain();
            }
            return plain;
        }
    }

    /** One way to split words further. */
    interface Pass {
        void split(Views views, IntList wordEnds, IntList out);
    }

    /** Words are the matches of a pattern and what lies between them; a match never reaches over the end of a given word. */
    record PatternPass(Pattern pattern, boolean collapsed) implements Pass {
        @Override
        public void split(Views views, IntList wordEnds, IntList out) {
            Matcher m = pattern.matcher(collapsed ? views.collapsed() : views.plain());
            int from = 0;
            int found = 0;
            for (int w = 0; w < wordEnds.size(); w++) {
                int to = wordEnds.get(w);
                m.region(from, to);
                while (m.find()) {
                    Interruption.check(found++);
                    if (m.start() > from) {
                        out.add(m.start());
                    }
                    from = m.end();
                    out.add(from);
                }
                if (from < to) {
                    out.add(to);
                }
                from = to;
            }
        }
    }

    /** Words are runs of the given characters with at most one white space before them: a pattern, only faster. */
    record RunPass(BitSet members) implements Pass {
        /** @param ranges characters, and first and last of ranges with a hyphen between */
        static RunPass of(String ranges) {
            BitSet members = new BitSet(1 << 16);
            for (int i = 0; i < ranges.length(); i++) {
                char first = ranges.charAt(i);
                boolean range = i + 2 < ranges.length() && ranges.charAt(i + 1) == '-';
                members.set(first, (range ? ranges.charAt(i + 2) : first) + 1);
                i += range ? 2 : 0;
            }
            return new RunPass(members);
        }

        @Override
        public void split(Views views, IntList wordEnds, IntList out) {
            String text = views.plain();
            int from = 0;
            for (int w = 0; w < wordEnds.size(); w++) {
                int to = wordEnds.get(w);
                for (int i = from; i < to;) {
                    boolean space = text.charAt(i) <= ' ' && UnicodeClasses.isAsciiSpace((byte) text.charAt(i));
                    int end = space ? i + 1 : i;
                    int start = end;
                    while (end < to && members.get(text.charAt(end))) {
                        end++;
                    }
                    if (end > start) {
                        if (i > from) {
                            out.add(i);
                        }
                        out.add(end);
                        from = end;
                    }
                    i = end > start ? end : i + 1;
                }
                if (from < to) {
                    out.add(to);
                }
                from = to;
            }
        }
    }

    /** Splits white space off the end of a word. */
    record TrailingSpacePass() implements Pass {
        @Override
        public void split(Views views, IntList wordEnds, IntList out) {
            int from = 0;
            for (int w = 0; w < wordEnds.size(); w++) {
                int to = wordEnds.get(w);
                int at = to;
                while (at > from && UnicodeClasses.isSpace(views.text().value(at - 1))) {
                    at--;
                }
                if (at > from && at < to) {
                    out.add(at);
                }
                out.add(to);
                from = to;
            }
        }
    }

    /**
     * Splits runs of numbers into groups of three counted from their end; the first group keeps what stands before the run. With
     * {@code asciiOnly} only 0-9 count, a cut may stand before the run, and none stands after it.
     */
    record DigitGroupPass(boolean asciiOnly) implements Pass {
        @Override
        public void split(Views views, IntList wordEnds, IntList out) {
            int from = 0;
            for (int w = 0; w < wordEnds.size(); w++) {
                int to = wordEnds.get(w);
                for (int i = from; i < to;) {
                    int end = i;
                    while (end < to && isDigit(views, end)) {
                        end++;
                    }
                    cuts(i, end, from, to, out);
                    i = Math.max(end, i + 1);
                }
                out.add(to);
                from = to;
            }
        }

        /** Cuts the run {@code [begin, end)} inside the word {@code [from, to)}. */
        private void cuts(int begin, int end, int from, int to, IntList out) {
            for (int cut = begin + (end - begin) % 3; cut < end; cut += 3) {
                if (cut > from && (cut > begin || asciiOnly)) {
                    out.add(cut);
                }
            }
            if (end > begin && end < to && !asciiOnly) {
                out.add(end);
            }
        }

        private boolean isDigit(Views views, int i) {
            char c = views.collapsed().charAt(i);
            return c >= '0' && c <= '9' || !asciiOnly && c == UnicodeClasses.NUMBER;
        }
    }
}
