package ai.realm.server.tenant;

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
 * begins n times n. Thread-safe.
 */
final class SharedPrompts implements AutoCloseable {
    /** Groups in which only the choice that began them has its own: guests that ask for different things share no more. */
    private static final int MOST_UNSHARED = 2;

    private final List<Group> groups = new ArrayList<>();
    private int choices = 1;
    private boolean closed;

    /** Opens so many generations that share a prompt, from the command's choice on. */
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

    /** There are so many choices. */
    synchronized void expect(int n) {
        choices = n;
    }

    /** A generation for one choice. */
    synchronized InferenceSession open(GenerateCommand command, Opener opener) {
        int choice = command.choice();
        if (choices == 1 || closed || choice >= choices) {
            return opener.open(command, 1).getFirst();
        }
        for (Group g : groups) {
            InferenceSession found = same(g.command, command) ? g.left[choice] : null;
            if (found != null) {
                g.left[choice] = null;
                return found;
            }
        }
        if (groups.stream().filter(Group::unshared).count() >= MOST_UNSHARED) {
            return opener.open(command, 1).getFirst();
        }
        @Nullable
        InferenceSession[] all = opener.open(command.ofChoice(0), choices).toArray(InferenceSession[]::new);
        InferenceSession own = all[choice];
        all[choice] = null;
        groups.add(new Group(command, all));
        return Objects.requireNonNull(own);
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
