package ai.realm.server.cli.verify;

import org.jspecify.annotations.Nullable;

/**
 * What became of one case.
 *
 * @param informational a case on which a correct engine may differ: never counted as failed
 * @param metric what {@code value} is: nmse, max_relative_error, first_difference, …
 * @param value null where there is nothing to tell, as no first difference, or where the case could not be run
 * @param limit the largest value that passes; null for exact comparisons
 * @param detail what differs, in words; null when nothing does
 */
record Verdict(String kind, String name, boolean pass, boolean informational, String metric, @Nullable Double value,
        @Nullable Double limit, @Nullable String detail) {

    /** A figure that must not exceed its limit; NaN never passes. */
    static Verdict within(String kind, String name, String metric, double value, double limit) {
        return new Verdict(kind, name, value <= limit, false, metric, value, limit, null);
    }

    /** An exact comparison: passes without a difference. */
    static Verdict exact(String kind, String name, @Nullable Difference difference) {
        return difference == null
                ? new Verdict(kind, name, true, false, "first_difference", null, null, null)
                : new Verdict(kind, name, false, false, "first_difference", (double) difference.at(), null,
                        difference.what());
    }

    /** A case that could not be run to its end. */
    static Verdict failed(String kind, String name, String metric, String why) {
        return new Verdict(kind, name, false, false, metric, null, null, why);
    }

    /** The same, failed for a further reason. */
    Verdict butFailed(String why) {
        return new Verdict(kind, name, false, informational, metric, value, limit, detail == null ? why : detail + "; " + why);
    }

    /** The same as information only: passes, and keeps what differs as its detail. */
    Verdict asInformation() {
        return new Verdict(kind, name, true, true, metric, value, limit, detail);
    }
}
