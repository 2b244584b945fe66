package ai.realm.runtime.session;

import ai.realm.core.error.RealmException;
import org.jspecify.annotations.Nullable;

/** What a session tells its reader, in order: pieces of text, then one end. */
public sealed interface SessionEvent {
    /** Text that became certain: whole characters, never part of a stop string; not empty. */
    record Piece(String text) implements SessionEvent {}

    /** The end; {@code error} is set for {@link FinishReason#ERROR} and {@link FinishReason#CANCELLED}. */
    record End(FinishReason reason, Usage usage, @Nullable RealmException error) implements SessionEvent {}
}
