package ai.realm.core.chat.tools;

import java.util.function.UnaryOperator;

/** The simple steps: literals, names, ends of calls. White space before them is skipped. */
final class Ops {
    private static final int MAX_NAME = 256;

    private Ops() {
    }

    /** The literal must come. */
    static Op literal(String text) {
        return new Literal(text, Op.NEXT, Op.FAIL, false);
    }

    /** If the literal comes, the step {@code then} is next, else the one after this. */
    static Op ifNext(String text, int then) {
        return new Literal(text, then, Op.NEXT, false);
    }

    /** A literal that may come. */
    static Op maybe(String text) {
        return new Literal(text, Op.NEXT, Op.NEXT, false);
    }

    /** As {@link #ifNext}, but the literal is left for that step. */
    static Op ifAhead(String text, int then) {
        return new Literal(text, then, Op.NEXT, true);
    }

    static Op go(int to) {
        return new Jump(to);
    }

    /** The call is complete. */
    static Op end() {
        return new End();
    }

    /**
     * The name of a tool, up to a character that no name has.
     *
     * @param clean makes the name of what was read
     */
    static Op name(UnaryOperator<String> clean) {
        return new Name(clean);
    }

    static Op name() {
        return name(UnaryOperator.identity());
    }

    /** A mark and an id after it, if the mark comes. */
    static Op id(String mark) {
        return new CallId(mark);
    }

    /** A JSON object as the arguments. */
    static Op arguments() {
        return new Arguments();
    }

    private static final class Literal implements Op {
        private final String text;
        private final int then;
        private final int otherwise;
        private final boolean leave;
        private final StringBuilder held = new StringBuilder();
        private int matched;

        Literal(String text, int then, int otherwise, boolean leave) {
            this.text = text;
            this.then = then;
            this.otherwise = otherwise;
            this.leave = leave;
        }

        @Override
        public void reset() {
            held.setLength(0);
            matched = 0;
        }

        @Override
        public int feed(char c, CallSink sink) {
            held.append(c);
            if (matched == 0 && JsonScanner.isSpace(c) && !JsonScanner.isSpace(text.charAt(0))) {
                return MORE;
            }
            if (text.charAt(matched) != c) {
                return otherwise;
            }
            if (++matched < text.length()) {
                return MORE;
            }
            if (!leave) {
                held.setLength(0);
            }
            return then;
        }

        boolean isComplete() {
            return matched == text.length();
        }

        @Override
        public CharSequence leftOver() {
            return held;
        }

        @Override
        public boolean mayEnd() {
            return otherwise != FAIL;
        }
    }

    private record Jump(int to) implements Op {
        @Override
        public void reset() {
            // has no state
        }

        @Override
        public int feed(char c, CallSink sink) {
            throw new IllegalStateException("is followed without a character");
        }
    }

    private record End() implements Op {
        @Override
        public void reset() {
            // has no state
        }

        @Override
        public int feed(char c, CallSink sink) {
            throw new IllegalStateException("is done without a character");
        }
    }

    /** The step after {@code op}, if it needs no character; else {@link Op#MORE}. */
    static int immediate(Op op, CallSink sink) {
        if (op instanceof Jump j) {
            return j.to();
        }
        if (op instanceof End) {
            sink.end();
            return Op.NEXT;
        }
        return Op.MORE;
    }

    private static final class Name implements Op {
        private final UnaryOperator<String> clean;
        private final StringBuilder name = new StringBuilder();
        private String rest = "";

        Name(UnaryOperator<String> clean) {
            this.clean = clean;
        }

        @Override
        public void reset() {
            name.setLength(0);
            rest = "";
        }

        @Override
        public int feed(char c, CallSink sink) {
            if (name.isEmpty() && JsonScanner.isSpace(c)) {
                return MORE;
            }
            if (name.length() < MAX_NAME && (Character.isLetterOrDigit(c) || "_-.:/".indexOf(c) >= 0)) {
                name.append(c);
                return MORE;
            }
            rest = String.valueOf(c);
            return sink.name(clean.apply(name.toString())) ? NEXT : FAIL;
        }

        @Override
        public CharSequence leftOver() {
            return rest;
        }
    }

    private static final class Arguments implements Op {
        private JsonScanner scanner = new JsonScanner();
        private final StringBuilder out = new StringBuilder();
        private boolean begun;

        @Override
        public void reset() {
            scanner = new JsonScanner();
            begun = false;
        }

        @Override
        public int feed(char c, CallSink sink) {
            if (!begun) {
                if (JsonScanner.isSpace(c)) {
                    return MORE;
                }
                if (c != '{') {
                    return FAIL;
                }
                begun = true;
            }
            out.setLength(0);
            JsonScanner.Step step = scanner.feed(c, out);
            if (step == JsonScanner.Step.BAD) {
                return FAIL;
            }
            sink.arguments(out);
            return step == JsonScanner.Step.LAST ? NEXT : MORE;
        }
    }

    private static final class CallId implements Op {
        private final Literal mark;
        private final StringBuilder id = new StringBuilder();
        private boolean found;
        private String rest = "";

        CallId(String mark) {
            this.mark = new Literal(mark, MORE, NEXT, false);
        }

        @Override
        public void reset() {
            mark.reset();
            id.setLength(0);
            found = false;
            rest = "";
        }

        @Override
        public int feed(char c, CallSink sink) {
            if (!found) {
                int step = mark.feed(c, sink);
                found = mark.isComplete();
                rest = step == NEXT ? mark.leftOver().toString() : "";
                return step;
            }
            if (id.length() < MAX_NAME && Character.isLetterOrDigit(c)) {
                id.append(c);
                return MORE;
            }
            sink.id(id.toString());
            rest = String.valueOf(c);
            return NEXT;
        }

        @Override
        public CharSequence leftOver() {
            return rest;
        }
    }
}
