package ai.realm.core.kernel;

import ai.realm.core.tensor.GgmlType;
import java.util.Set;

/**
 * The arithmetic of a forward pass on one thread, by what it is, so that a {@link KernelsProvider} can do a part of it and take the rest from the
 * next one. No part checks more than Java does; {@link Compute} is the checked facade. The scalar implementation is the definition.
 *
 * @param name for logs, as {@code scalar} or {@code simd-512}
 * @param activationMode what products do with activations
 * @param ready types of weights with which a pass is as fast at its first call as ever; of others the JVM compiles the kernels first
 */
public record Kernels(String name, ActivationMode activationMode, ProductKernels products, AttentionKernels attention,
        RowKernels rows, Set<GgmlType> ready) {}
