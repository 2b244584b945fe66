package ai.realm.server.http.transport;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The trace that a request belongs to, as the header {@code traceparent} of W3C's Trace Context names it.
 *
 * @param traceId 32 hexadecimal digits
 * @param spanId 16 hexadecimal digits: the caller's span
 * @param sampled whether the caller keeps the trace; null for a caller whose word does not count
 */
public record TraceParent(String traceId, String spanId, @Nullable Boolean sampled) {
    public static final String HEADER = "traceparent";

    private static final Pattern FORM = Pattern
            .compile("([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.{0,256})?");

    /** Null for what is not there, not well-formed, or nothing but zeros. */
    public static @Nullable TraceParent parse(@Nullable String header) {
        if (header == null) {
            return null;
        }
        Matcher m = FORM.matcher(header.strip());
        if (!m.matches() || m.group(1).equals("ff") || m.group(1).equals("00") && m.group(5) != null
                || isZero(m.group(2)) || isZero(m.group(3))) {
            return null;
        }
        return new TraceParent(m.group(2), m.group(3), (Integer.parseInt(m.group(4), 16) & 1) == 1);
    }

    /** The same of a caller who has no say in what is kept. */
    TraceParent ofAnybody() {
        return new TraceParent(traceId, spanId, null);
    }

    private static boolean isZero(String digits) {
        return digits.chars().allMatch(c -> c == '0');
    }
}
