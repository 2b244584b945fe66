package ai.realm.runtime.guest;

import ai.realm.runtime.session.RequestContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The log lines of one request's guest: with its tenant and request id, control characters escaped, cut at a thousand characters,
 * so many and no more.
 */
final class GuestLog {
    static final int MAX_CHARS = 1000;
    private static final Logger LOG = LoggerFactory.getLogger("ai.realm.guest");

    private final RequestContext context;
    private final String digest;
    private final int maxLines;
    private final GuestLines out;
    private int lines;

    GuestLog(RequestContext context, String digest, int maxLines, GuestLines out) {
        this.out = out;
        this.context = context;
        this.digest = digest;
        this.maxLines = maxLines;
    }

    /** Whether another line may be written; says once, in the log itself, when not. */
    boolean admit() {
        lines++;
        if (lines == maxLines + 1) {
            LOG.warn("guest reached its limit log_lines: {} allowed, further lines of this request are dropped tenant={} "
                    + "request_id={} guest={}", maxLines, context.tenantId(), context.requestId(), digest);
            tell(1, "the limit log_lines of " + maxLines + " is reached, further lines of this request are dropped");
        }
        return lines <= maxLines;
    }

    /** Whether the last line was the first one too many. */
    boolean justExhausted() {
        return lines == maxLines + 1;
    }

    /** The guest did not end by itself: why, and where it was. */
    void stopped(String why, String where) {
        LOG.warn("guest stopped \"{}\" {} tenant={} request_id={} guest={}", why, where, context.tenantId(), context.requestId(),
                digest);
        tell(0, Text.printable("stopped: " + why + " " + where, MAX_CHARS));
    }

    private void tell(int level, String text) {
        out.line(context.tenantId(), context.requestId(), digest, level, text);
    }

    /** @param level 0 error, 1 warning, 2 information, anything else debug */
    void line(int level, String text) {
        String line = Text.printable(text, MAX_CHARS);
        LOG.atLevel(switch (level) {
            case 0 -> org.slf4j.event.Level.ERROR;
            case 1 -> org.slf4j.event.Level.WARN;
            case 2 -> org.slf4j.event.Level.INFO;
            default -> org.slf4j.event.Level.DEBUG;
        }).log("guest says \"{}\" tenant={} request_id={} guest={}", line, context.tenantId(), context.requestId(), digest);
        tell(level, line);
    }
}
