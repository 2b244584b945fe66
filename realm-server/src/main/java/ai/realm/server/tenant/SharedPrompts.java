package ai.realm.server.tenant;

import ai.realm.core.sampling.SamplingParams;
import ai.realm.runtime.session.GenerateCommand;
import ai.realm.runtime.session.GenerateCommand.Prompt;
import ai.realm.runtime.session.GenerateCommand.TextPrompt;
import ai.realm.runtime.session.GenerateCommand.TokenPrompt;
import ai.realm.runtime.session.InferenceSession;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The answers to one prompt that the choices of a request ask for, each in a guest of its own. The first choice that generates opens
 * the generations of all, so that the prompt is computed once and its KV blocks are shared; the others find theirs here as long as
 * they ask for the same. Where they do not, only the first few open generations for others, so that a request of n choices never
 * begins n times n. With a seed each choice has the one after, whichever comes first. Thread-safe.
 */
final class SharedPrompts implements AutoCloseable {
    /** Groups in which only the choice that began them has its own: guests that ask for different things share no more. */
    private static final int MOST_UNSHARED = 2;

    private final List<Group> groups = new ArrayList<>();
    private int choices = 1;
    private @Nullable Long seed;
    private boolean closed;

    /** Opens generations that share a prompt; with a seed each has the one after. */
    @FunctionalInterface
    interface Opener {
        List<InferenceSession> open(GenerateCommand command, int n);
    }

    /** @param left by choice, null where it was taken */
    private record Group(GenerateCommand command, @Nullable InferenceSession[] left) {
        boolean unshared() {
            return Arrays.stream(left).filter(Objects::nonNull).count() == left.length - 1;
        }
    }

    /** @param firstSeed of the first choice, or null when seeds are random */
    synchronized void expect(int n, @Nullable Long firstSeed) {
        choices = n;
        seed = firstSeed;
    }

    /** A generation for one choice. */
    synchronized InferenceSession open(GenerateCommand command, Opener opener) {
        long choice = choiceOf(command);
        if (choices == 1 || closed || choice < 0 || choice >= choices) {
            return opener.open(command, 1).getFirst();
        }
        GenerateCommand first = seed == null ? command : with(command, command.params().toBuilder().seed(seed).build());
        for (Group g : groups) {
            int i = same(g.command, first) ? free(g, (int) choice) : -1;
            InferenceSession found = i < 0 ? null : g.left[i];
            if (found != null) {
                g.left[i] = null;
                return found;
            }
        }
        if (groups.stream().filter(Group::unshared).count() >= MOST_UNSHARED) {
            return opener.open(command, 1).getFirst();
        }
        @Nullable
        InferenceSession[] all = opener.open(first, choices).toArray(InferenceSession[]::new);
        InferenceSession own = all[(int) choice];
        all[(int) choice] = null;
        groups.add(new Group(first, all));
        return Objects.requireNonNull(own);
    }

    /** With a seed the choice that it tells; else any. */
    private long choiceOf(GenerateCommand command) {
        Long own = command.params().seed();
        return seed == null ? own == null ? 0 : -1 : own == null ? -1 : own - seed;
    }

    private int free(Group g, int choice) {
        if (seed != null) {
            return choice;
        }
        for (int i = 0; i < g.left.length; i++) {
            if (g.left[i] != null) {
                return i;
            }
        }
        return -1;
    }

    private static GenerateCommand with(GenerateCommand c, SamplingParams params) {
        return new GenerateCommand(c.context(), c.model(), c.prompt(), params, c.priority());
    }

    private static boolean same(GenerateCommand a, GenerateCommand b) {
        return a.model().name().equals(b.model().name()) && a.priority() == b.priority() && a.params().equals(b.params())
                && same(a.prompt(), b.prompt());
    }

    private static boolean same(Prompt a, Prompt b) {
        return a instanceof TextPrompt ta && ta.equals(b)
                || a instanceof TokenPrompt ia && b instanceof TokenPrompt ib && Arrays.equals(ia.ids(), ib.ids());
    }

    /** Ends what nobody asked for. */
    @Override
    public synchronized void close() {
        closed = true;
        for (Group g : groups) {
            for (InferenceSession s : g.left) {
                if (s != null) {
                    s.close();
                }
            }
        }
        groups.clear();
    }
}
