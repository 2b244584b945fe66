package ai.realm.core.kernel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The matrices of a model's passes in the order in which they are multiplied, learnt from pass to pass: so threads that wait can fetch
 * what comes next, see {@link Compute#begin}. Passes come one after the other.
 */
public final class ProductOrder {
    private final List<Product> products = new ArrayList<>();
    private int at;

    /** What was multiplied together at one place of the last pass. */
    private static final class Product {
        private final WeightMatrix[] ws;
        /** Whether it was the same in the pass before. */
        private boolean steady;

        Product(WeightMatrix[] ws) {
            this.ws = ws.clone();
        }
    }

    void begin() {
        if (at < products.size()) {
            products.get(at).steady = false;
        }
        at = 0;
    }

    /** What is multiplied now; returns what came after it in the last two passes, or null when these differ. */
    WeightMatrix @Nullable [] next(WeightMatrix[] now) {
        int i = at++;
        if (i == products.size()) {
            products.add(new Product(now));
            return null;
        }
        Product p = products.get(i);
        p.steady = Arrays.equals(p.ws, now);
        if (!p.steady && p.ws.length == now.length) {
            System.arraycopy(now, 0, p.ws, 0, now.length);
        } else if (!p.steady) {
            products.set(i, new Product(now));
        }
        return at < products.size() && products.get(at).steady ? products.get(at).ws : null;
    }
}
