package ai.realm.core.sampling;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The sampler stages as their papers state them, in double precision, with full sorts and maps: what {@link SamplerStagesTest}
 * holds the real ones to. A distribution is a map from token id to logit.
 */
final class ReferenceSamplers {
    private ReferenceSamplers() {
    }

    static Map<Integer, Double> of(float[] logits) {
        Map<Integer, Double> out = new TreeMap<>();
        for (int i = 0; i < logits.length; i++) {
            out.put(i, (double) logits[i]);
        }
        return out;
    }

    static Map<Integer, Double> softmax(Map<Integer, Double> logits) {
        double max = logits.values().stream().mapToDouble(x -> x).max().orElseThrow();
        double sum = logits.values().stream().mapToDouble(x -> Math.exp(x - max)).sum();
        Map<Integer, Double> out = new TreeMap<>();
        logits.forEach((id, x) -> out.put(id, Math.exp(x - max) / sum));
        return out;
    }

    private static List<Integer> byFalling(Map<Integer, Double> values) {
        List<Integer> ids = new ArrayList<>(values.keySet());
        ids.sort(Comparator.comparing((Integer id) -> -values.get(id)).thenComparing(id -> id));
        return ids;
    }

    private static Map<Integer, Double> only(Map<Integer, Double> logits, List<Integer> ids) {
        Map<Integer, Double> out = new TreeMap<>();
        ids.forEach(id -> out.put(id, logits.get(id)));
        return out;
    }

    static Map<Integer, Double> topK(Map<Integer, Double> logits, int k) {
        return only(logits, byFalling(logits).subList(0, Math.min(k, logits.size())));
    }

    private static Map<Integer, Double> until(Map<Integer, Double> logits, List<Integer> order, double p, int minKeep) {
        Map<Integer, Double> probs = softmax(logits);
        double sum = 0;
        List<Integer> kept = new ArrayList<>();
        for (int id : order) {
            kept.add(id);
            sum += probs.get(id);
            if (sum >= p && kept.size() >= minKeep) {
                break;
            }
        }
        return only(logits, kept);
    }

    static Map<Integer, Double> topP(Map<Integer, Double> logits, double p, int minKeep) {
        return until(logits, byFalling(logits), p, minKeep);
    }

    static Map<Integer, Double> typical(Map<Integer, Double> logits, double p, int minKeep) {
        Map<Integer, Double> probs = softmax(logits);
        double entropy = probs.values().stream().mapToDouble(x -> -x * Math.log(x)).sum();
        Map<Integer, Double> closeness = new TreeMap<>();
        probs.forEach((id, x) -> closeness.put(id, -Math.abs(-Math.log(x) - entropy)));
        return until(logits, byFalling(closeness), p, minKeep);
    }

    static Map<Integer, Double> minP(Map<Integer, Double> logits, double p, int minKeep) {
        Map<Integer, Double> probs = softmax(logits);
        List<Integer> order = byFalling(logits);
        double threshold = p * probs.get(order.getFirst());
        int kept = (int) order.stream().filter(id -> probs.get(id) >= threshold).count();
        return only(logits, order.subList(0, Math.max(kept, minKeep)));
    }

    static Map<Integer, Double> topNSigma(Map<Integer, Double> logits, double n) {
        double mean = logits.values().stream().mapToDouble(x -> x).average().orElseThrow();
        double variance = logits.values().stream().mapToDouble(x -> (x - mean) * (x - mean)).average().orElseThrow();
        double max = logits.values().stream().mapToDouble(x -> x).max().orElseThrow();
        Map<Integer, Double> out = new TreeMap<>();
        logits.forEach((id, x) -> out.put(id, x < max - n * Math.sqrt(variance) ? Double.NEGATIVE_INFINITY : x));
        return out;
    }

    static Map<Integer, Double> xtc(Map<Integer, Double> logits, double threshold) {
        Map<Integer, Double> probs = softmax(logits);
        List<Integer> order = byFalling(logits);
        int reaching = (int) order.stream().filter(id -> probs.get(id) >= threshold).count();
        return only(logits, order.subList(Math.max(0, reaching - 1), order.size()));
    }

    static Map<Integer, Double> temperature(Map<Integer, Double> logits, double t) {
        Map<Integer, Double> out = new TreeMap<>();
        logits.forEach((id, x) -> out.put(id, x / t));
        return out;
    }

    static Map<Integer, Double> dynamicTemperature(Map<Integer, Double> logits, double t, double delta, double exponent) {
        double entropy = softmax(logits).values().stream().mapToDouble(x -> -x * Math.log(x)).sum();
        double low = Math.max(0, t - delta);
        return temperature(logits, low + (t + delta - low) * Math.pow(entropy / Math.log(logits.size()), exponent));
    }

    static Map<Integer, Double> penalties(Map<Integer, Double> logits, int[] history, int last, double repeat, double frequency,
            double presence) {
        Map<Integer, Double> out = new TreeMap<>(logits);
        Map<Integer, Integer> counts = new TreeMap<>();
        for (int i = Math.max(0, history.length - last); i < history.length; i++) {
            counts.merge(history[i], 1, Integer::sum);
        }
        counts.forEach((id, n) -> out.compute(id, (k, x) -> (x > 0 ? x / repeat : x * repeat) - n * frequency - presence));
        return out;
    }

    /** Every earlier place where the end of the history also stands, compared token by token. */
    static Map<Integer, Double> dry(Map<Integer, Double> logits, int[] history, double multiplier, double base, int allowed) {
        Map<Integer, Integer> longest = new TreeMap<>();
        for (int next = 1; next < history.length; next++) {
            int length = 0;
            while (length < next && history[next - 1 - length] == history[history.length - 1 - length]) {
                length++;
            }
            if (length >= allowed) {
                longest.merge(history[next], length, Math::max);
            }
        }
        Map<Integer, Double> out = new TreeMap<>(logits);
        longest.forEach((id, n) -> out.compute(id, (k, x) -> x - multiplier * Math.pow(base, n - allowed)));
        return out;
    }
}
