package ai.realm.runtime.session;

import ai.realm.runtime.session.GenerateCommand.Prompt;
import ai.realm.runtime.store.ModelLease;
import java.util.List;

/**
 * Embeddings wanted: validated texts or ids in, nothing of HTTP left.
 *
 * @param model stays leased by the caller until the session is closed
 * @param inputs a text gets the special tokens that the vocabulary asks for; ids are taken as they are
 */
public record EmbedCommand(RequestContext context, ModelLease model, List<Prompt> inputs) {
    public EmbedCommand {
        inputs = List.copyOf(inputs);
    }
}
