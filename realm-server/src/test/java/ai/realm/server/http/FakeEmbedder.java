package ai.realm.server.http;

import ai.realm.runtime.session.EmbedCommand;
import ai.realm.runtime.session.Embedder;
import ai.realm.runtime.session.EmbeddingSession;
import ai.realm.runtime.session.GenerateCommand.TextPrompt;
import ai.realm.runtime.session.GenerateCommand.TokenPrompt;
import ai.realm.runtime.session.Usage;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Gives an input of n chars or ids the vector (n, 0.5, -0.25), of a reranker the number n - 8; keeps the commands that it got and counts open sessions.
 */
final class FakeEmbedder implements Embedder {
    /** What happens before the vectors are there. */
    interface Behaviour {
        void run(EmbedCommand command) throws InterruptedException;
    }

    static final Behaviour NONE = _ -> {};

    final List<EmbedCommand> commands = new CopyOnWriteArrayList<>();
    volatile Behaviour behaviour = NONE;

    @Override
    public EmbeddingSession open(EmbedCommand command) {
        commands.add(command);
        List<Integer> lengths = command.inputs().stream().map(p -> switch (p) {
            case TextPrompt t -> t.text().length();
            case TokenPrompt t -> t.ids().length;
        }).toList();
        boolean judges = command.model().isReranker();
        return new EmbeddingSession() {
            @Override
            public float[][] vectors() throws InterruptedException {
                behaviour.run(command);
                return lengths.stream().map(n -> judges ? new float[]{n - 8} : new float[]{n, 0.5f, -0.25f})
                        .toArray(float[][]::new);
            }

            @Override
            public Usage usage() {
                return new Usage(lengths.stream().mapToInt(Integer::intValue).sum(), 0, 0, 1000);
            }

            @Override
            public void close() {
            }
        };
    }
}
