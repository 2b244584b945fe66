package ai.realm.runtime.loading;

import ai.realm.core.sampling.Samplers;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.grammar.Grammar;
import ai.realm.core.tokenizer.Vocab;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One model's compiled grammars with the masks that were made for them, so that a tenant's requests of the same grammar share both.
 * Tenants share nothing: how soon a grammar is ready must not tell that another uses it. The least recently used go when there are
 * too many. Thread-safe; compiling keeps nobody else waiting.
 */
public final class GrammarCache {
    private static final int MOST = 64;
    private static final long MOST_MASK_BYTES = 64L << 20;

    private record Key(String tenant, boolean schema, String text) {}

    private final Map<Key, Grammar> grammars = new LinkedHashMap<>(16, 0.75f, true);

    /**
     * The grammar that the parameters hold an output to, or null.
     *
     * @throws ai.realm.core.error.RealmException INVALID_REQUEST when it cannot be used
     */
    public @Nullable Grammar get(String tenant, SamplingParams params, Vocab vocab) {
        String gbnf = params.grammar();
        String text = gbnf != null ? gbnf : params.jsonSchema();
        if (text == null) {
            return null;
        }
        Key key = new Key(tenant, gbnf == null, text);
        synchronized (grammars) {
            Grammar known = grammars.get(key);
            if (known != null) {
                return known;
            }
        }
        Grammar made = Samplers.grammar(params, vocab);
        if (made != null) {
            synchronized (grammars) {
                grammars.put(key, made);
                prune(made);
            }
        }
        return made;
    }

    private void prune(Grammar newest) {
        long bytes = 0;
        for (Grammar g : grammars.values()) {
            bytes += g.maskBytes();
        }
        Iterator<Grammar> eldest = grammars.values().iterator();
        while ((grammars.size() > MOST || bytes > MOST_MASK_BYTES) && eldest.hasNext()) {
            Grammar g = eldest.next();
            if (g != newest) {
                bytes -= g.maskBytes();
                eldest.remove();
            }
        }
    }

    int size() {
        synchronized (grammars) {
            return grammars.size();
        }
    }
}
