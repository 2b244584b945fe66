package ai.realm.server.accounts;

/** Requests of one tenant with one model and one guest on one day (UTC), added up. */
public record UsageRow(String tenant, String date, String model, String guest, long requests, long failed, long promptTokens,
        long cachedTokens, long generatedTokens, long guestCpuNanos, long engineNanos) {}
