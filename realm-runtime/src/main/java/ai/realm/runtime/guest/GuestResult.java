package ai.realm.runtime.guest;

import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;

/**
 * How a guest's request ended well. All text has gone through {@link GuestOutput}.
 *
 * @param reason of the last generation; STOP if there was none
 * @param usage summed over all generations
 */
public record GuestResult(FinishReason reason, Usage usage, int generations) {}
