package ai.realm.core.kernel.machine;

import ai.realm.core.kernel.AttentionKernels;
import ai.realm.core.kernel.Kernels;
import ai.realm.core.kernel.ProductKernels;
import ai.realm.core.kernel.RowKernels;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The next provider's kernels, made when something is first left to them: a model whose passes need none never loads them. */
final class Rest {
    private final Supplier<Kernels> next;
    private volatile @Nullable Kernels made;

    Rest(Supplier<Kernels> next) {
        this.next = next;
    }

    private Kernels kernels() {
        Kernels k = made;
        if (k == null) {
            synchronized (this) {
                k = made;
                if (k == null) {
                    k = next.get();
                    made = k;
                }
            }
        }
        return k;
    }

    ProductKernels products() {
        return kernels().products();
    }

    AttentionKernels attention() {
        return kernels().attention();
    }

    RowKernels rows() {
        return kernels().rows();
    }
}
