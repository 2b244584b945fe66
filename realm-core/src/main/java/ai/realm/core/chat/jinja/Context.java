package ai.realm.core.chat.jinja;

import ai.realm.core.chat.jinja.Stmt.Flow;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One rendering: its variables, its output, and how much of every bound is used up. One thread. */
final class Context {
    private final Map<String, @Nullable Object> variables;
    private final Limits limits;
    private final long deadline;
    final Clock clock;

    Scope scope = new Scope(null);
    StringBuilder out = new StringBuilder(1024);
    int line;
    private int depth;
    private long steps;
    private long allocated;

    Context(Map<String, @Nullable Object> variables, Limits limits, Clock clock) {
        this.variables = variables;
        this.limits = limits;
        this.clock = clock;
        this.deadline = System.nanoTime() + limits.timeNanos();
    }

    Limits limits() {
        return limits;
    }

    @Nullable
    Object eval(Expr e) {
        enter();
        Object value = e.eval(this);
        depth--;
        return value;
    }

    Flow run(Stmt s) {
        enter();
        Flow flow = s.run(this);
        depth--;
        return flow;
    }

    Flow run(List<Stmt> body) {
        for (int i = 0; i < body.size(); i++) {
            Flow flow = run(body.get(i));
            if (flow != Flow.NORMAL) {
                return flow;
            }
        }
        return Flow.NORMAL;
    }

    /** Goes one level deeper: of the syntax tree, of a call, or of a value that is being walked. */
    void enter() {
        work(1);
        if (++depth > limits.depth()) {
            throw JinjaError.runtime("nesting is deeper than " + limits.depth() + " levels");
        }
    }

    void leave() {
        depth--;
    }

    /** Counts work in proportion to the size of a value. */
    void work(long amount) {
        long before = steps;
        steps += amount;
        if (steps > limits.steps()) {
            throw JinjaError.runtime("rendering takes more than " + limits.steps() + " steps");
        }
        if (before >> 12 != steps >> 12 && System.nanoTime() - deadline > 0) {
            throw JinjaError.runtime("rendering takes longer than " + limits.timeNanos() / 1_000_000 + " ms");
        }
    }

    /** Counts memory, in characters or list entries, before it is taken. */
    void allocate(long amount) {
        if (amount > limits.valueSize()) {
            throw JinjaError.runtime("a value may have at most " + limits.valueSize() + " characters or entries, not " + amount);
        }
        allocated += amount;
        if (allocated > limits.allocation()) {
            throw JinjaError.runtime("rendering makes more than " + limits.allocation() + " characters and entries of values");
        }
        work(1 + (amount >> 6));
    }

    /** A string made by an operation, counted. */
    String made(String s) {
        allocate(s.length());
        return s;
    }

    void write(String text) {
        long length = (long) out.length() + text.length();
        if (length > limits.output()) {
            throw JinjaError.runtime("output is longer than " + limits.output() + " characters");
        }
        work(1 + (text.length() >> 6));
        out.append(text);
    }

    /** Runs a body into a text of its own; null when it ended in break or continue. */
    @Nullable
    String capture(List<Stmt> body) {
        StringBuilder outer = out;
        out = new StringBuilder();
        Flow flow = run(body);
        String text = made(out.toString());
        out = outer;
        pending = flow;
        return flow == Flow.NORMAL ? text : null;
    }

    /** What the innermost filter block filters. */
    @Nullable
    Object filterInput;

    /** How the last {@link #capture} ended. */
    Flow pending = Flow.NORMAL;

    @Nullable
    Object lookup(String name) {
        Object value = scope.get(name);
        if (value != Scope.ABSENT) {
            return value;
        }
        value = variables.get(name);
        if (value != null || variables.containsKey(name)) {
            return value;
        }
        PyCallable function = Functions.ALL.get(name);
        return function != null ? function : Undefined.name(name);
    }
}
