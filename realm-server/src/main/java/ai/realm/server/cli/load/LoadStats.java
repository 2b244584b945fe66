package ai.realm.server.cli.load;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** What a load measured, of one tenant or of all; times in nanoseconds. Thread-safe. */
final class LoadStats {
    private final Samples ttft = new Samples();
    private final Samples itl = new Samples();
    private final Samples e2e = new Samples();
    private final Map<String, Integer> errors = new TreeMap<>();
    private int sent;
    private int done;
    private long promptTokens;
    private long outputTokens;

    synchronized void sent() {
        sent++;
    }

    synchronized void failed(String why) {
        errors.merge(why, 1, Integer::sum);
    }

    synchronized void piece(long gapNanos, boolean first) {
        (first ? ttft : itl).add(gapNanos);
    }

    synchronized void done(long nanos, long prompt, long output) {
        done++;
        e2e.add(nanos);
        promptTokens += prompt;
        outputTokens += output;
    }

    synchronized long outputTokens() {
        return outputTokens;
    }

    synchronized ObjectNode json(double seconds, long allOutput) {
        ObjectNode json = JsonMapper.builder().build().createObjectNode().put("requests", sent).put("completed", done);
        ObjectNode why = json.putObject("errors");
        errors.forEach(why::put);
        json.put("prompt_tokens", promptTokens).put("output_tokens", outputTokens)
                .put("requests_per_second", done / seconds).put("output_tokens_per_second", outputTokens / seconds)
                .put("share", allOutput == 0 ? 0 : (double) outputTokens / allOutput);
        ttft.write(json.putObject("ttft_ms"));
        itl.write(json.putObject("itl_ms"));
        e2e.write(json.putObject("e2e_ms"));
        return json;
    }

    /** Numbers of which the percentiles are wanted. */
    private static final class Samples {
        private long[] values = new long[64];
        private int count;

        void add(long value) {
            if (count == values.length) {
                values = Arrays.copyOf(values, count * 2);
            }
            values[count++] = value;
        }

        void write(ObjectNode json) {
            long[] sorted = Arrays.copyOf(values, count);
            Arrays.sort(sorted);
            for (int p : new int[]{50, 95, 99}) {
                // The smallest value that p percent do not exceed.
                int at = Math.max(0, (int) Math.ceil(p / 100.0 * count) - 1);
                if (count > 0) {
                    json.put("p" + p, sorted[at] / 1e6);
                }
            }
        }
    }
}
