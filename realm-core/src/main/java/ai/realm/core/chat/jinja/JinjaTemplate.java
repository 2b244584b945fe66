package ai.realm.core.chat.jinja;

import ai.realm.core.chat.ChatTemplate;
import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A compiled Jinja template. */
public final class JinjaTemplate implements ChatTemplate {
    private static final int MAX_SOURCE = 1 << 20;
    private static final int MAX_TOKENS = 200_000;

    private final String source;
    private final List<Stmt> body;
    private final Limits limits;
    private final Clock clock;

    private JinjaTemplate(String source, List<Stmt> body, Limits limits, Clock clock) {
        this.source = source;
        this.body = body;
        this.limits = limits;
        this.clock = clock;
    }

    /**
     * @param clock what strftime_now reads
     * @throws RealmException TEMPLATE_FAILED with the line of a syntax error
     */
    public static JinjaTemplate compile(String source, Clock clock) {
        return compile(source, clock, Limits.DEFAULT);
    }

    static JinjaTemplate compile(String source, Clock clock, Limits limits) {
        if (source.length() > MAX_SOURCE) {
            throw new RealmException(ErrorCode.TEMPLATE_FAILED,
                    "a chat template may have at most " + MAX_SOURCE + " characters, not " + source.length());
        }
        try {
            return new JinjaTemplate(source, Parser.parse(Lexer.lex(source, MAX_TOKENS)), limits, clock);
        } catch (JinjaError e) {
            throw failure(e, e.line);
        }
    }

    @Override
    public String source() {
        return source;
    }

    @Override
    public String render(Map<String, ?> variables) {
        Context c = null;
        try {
            Map<String, @Nullable Object> own = HashMap.newHashMap(variables.size());
            variables.forEach((name, value) -> own.put(name, Py.from(value, 0)));
            c = new Context(own, limits, clock);
            c.run(body);
            return c.out.toString();
        } catch (JinjaError e) {
            throw failure(e, c == null ? 0 : c.line);
        } catch (StackOverflowError e) {
            // the bound on depth is for usual stacks; a thread may have a smaller one
            throw failure(JinjaError.runtime("nesting is too deep for this thread's stack"), c == null ? 0 : c.line);
        }
    }

    private static RealmException failure(JinjaError e, int line) {
        String message = java.util.Objects.requireNonNullElse(e.getMessage(), "failed");
        return new RealmException(ErrorCode.TEMPLATE_FAILED,
                e.raised ? message : "chat template" + (line > 0 ? ", line " + line : "") + ": " + message);
    }
}
