package ai.realm.runtime.loading;

import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.Samplers;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.grammar.Grammar;
import ai.realm.core.tokenizer.Vocab;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One model's compiled grammars with the masks that were made for them, so that a tenant's requests of the same grammar share both, and
 * what was refused, so that it is not compiled to be refused again. Tenants share nothing: how soon a grammar is ready must not tell
 * that another uses it. The least recently used go when there are too many. What compiling takes is owed by the tenant, until one of
 * its sequences pays for it. Thread-safe; compiling keeps nobody else waiting.
 */
public final class GrammarCache {
    private static final int MOST = 64;
    private static final long MOST_MASK_BYTES = 64L << 20;
    private static final int MOST_DEBTORS = 10_000;
    /** Processor time of a step of work, about. */
    private static final long NANOS_A_STEP = 10;

    /** @param digest of the text and its kind */
    private record Key(String tenant, String digest) {}

    /** What became of a text: a grammar, or the reason that there is none. */
    private record Made(@Nullable Grammar grammar, @Nullable RealmException refusal) {}

    @GuardedBy("this")
    private final Map<Key, Made> known = new LinkedHashMap<>(16, 0.75f, true);
    @GuardedBy("this")
    private final Map<String, Long> owed = new HashMap<>();

    /**
     * The grammar that the parameters hold an output to, or null.
     *
     * @throws RealmException INVALID_REQUEST when it cannot be used
     */
    public @Nullable Grammar get(String tenant, SamplingParams params, Vocab vocab) {
        String gbnf = params.grammar();
        String text = gbnf != null ? gbnf : params.jsonSchema();
        if (text == null) {
            return null;
        }
        Key key = new Key(tenant, digest(gbnf == null ? 's' : 'g', text));
        Made made = find(key);
        if (made == null) {
            made = make(key, params, vocab);
        }
        RealmException refusal = made.refusal();
        if (refusal != null) {
            throw new RealmException(refusal.code(), String.valueOf(refusal.getMessage()), refusal.param(), refusal);
        }
        return made.grammar();
    }

    private synchronized @Nullable Made find(Key key) {
        return known.get(key);
    }

    private Made make(Key key, SamplingParams params, Vocab vocab) {
        long start = System.nanoTime();
        Made made;
        try {
            made = new Made(Samplers.grammar(params, vocab), null);
        } catch (RealmException e) {
            made = new Made(null, e);
        }
        keep(key, made, (System.nanoTime() - start) / NANOS_A_STEP);
        return made;
    }

    private synchronized void keep(Key key, Made made, long steps) {
        known.put(key, made);
        prune(made);
        owe(key.tenant(), steps);
    }

    /** Adds to what a tenant owes: for work, or for what was taken and not paid. */
    public synchronized void owe(String tenant, long steps) {
        if (steps > 0 && (owed.size() < MOST_DEBTORS || owed.containsKey(tenant))) {
            owed.merge(tenant, steps, Long::sum);
        }
    }

    /** Steps of work that compiling has taken for a tenant since the last call. */
    public synchronized long takeOwed(String tenant) {
        Long steps = owed.remove(tenant);
        return steps == null ? 0 : steps;
    }

    @GuardedBy("this")
    private void prune(Made newest) {
        long bytes = 0;
        for (Made m : known.values()) {
            bytes += bytes(m);
        }
        Iterator<Made> eldest = known.values().iterator();
        while ((known.size() > MOST || bytes > MOST_MASK_BYTES) && eldest.hasNext()) {
            Made m = eldest.next();
            if (m != newest) {
                bytes -= bytes(m);
                eldest.remove();
            }
        }
    }

    private static long bytes(Made m) {
        Grammar g = m.grammar();
        return g == null ? 0 : g.maskBytes();
    }

    private static String digest(char kind, String text) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            sha.update((byte) kind);
            return HexFormat.of().formatHex(sha.digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    synchronized int size() {
        return known.size();
    }
}
