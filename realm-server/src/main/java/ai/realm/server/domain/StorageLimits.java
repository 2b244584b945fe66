package ai.realm.server.domain;

import java.time.Duration;

/**
 * What one tenant may keep in the server's database beside its guests.
 *
 * @param responseBytes of responses and of conversations, each; the oldest responses go when there are more
 * @param responseLife how long a response or a conversation that is not used is kept
 * @param fileBytes of all files together; more are refused
 * @param files how many; more are refused
 */
public record StorageLimits(long responseBytes, Duration responseLife, long fileBytes, int files) {
    public static StorageLimits defaults() {
        return new StorageLimits(64L << 20, Duration.ofDays(30), 256L << 20, 1000);
    }
}
