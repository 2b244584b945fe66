package ai.realm.core.kernel;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;

/** The kernels chosen at start and the reason, for the log. */
record KernelsChoice(Kernels kernels, String reason) {

    /** The forced provider, or the best that can run here. */
    static KernelsChoice choose(Compute.Options options) {
        List<KernelsProvider> providers = new ArrayList<>();
        ServiceLoader.load(KernelsProvider.class, KernelsChoice.class.getClassLoader()).forEach(providers::add);
        providers.sort(Comparator.comparingInt(KernelsProvider::priority).reversed());
        return options.kernels().equals("auto") ? best(providers, options) : forced(providers, options);
    }

    private static KernelsChoice best(List<KernelsProvider> providers, Compute.Options options) {
        StringBuilder passedOver = new StringBuilder();
        for (KernelsProvider p : providers) {
            Optional<String> why = p.unavailable();
            if (why.isEmpty()) {
                return new KernelsChoice(create(providers, p, options),
                        passedOver.isEmpty() ? "best available" : passedOver.toString());
            }
            passedOver.append(passedOver.isEmpty() ? "" : ", ").append("no ").append(p.name()).append(": ").append(why.get());
        }
        throw new IllegalStateException("no kernels are available: " + passedOver);
    }

    private static KernelsChoice forced(List<KernelsProvider> providers, Compute.Options options) {
        for (KernelsProvider p : providers) {
            if (p.name().equals(options.kernels())) {
                p.unavailable().ifPresent(why -> {
                    throw new IllegalStateException("the kernels " + p.name() + " were asked for but " + why);
                });
                return new KernelsChoice(create(providers, p, options), "forced");
            }
        }
        throw new IllegalArgumentException("realm.kernels must be auto or one of "
                + providers.stream().map(KernelsProvider::name).toList() + ", not " + options.kernels());
    }

    private static Kernels create(List<KernelsProvider> providers, KernelsProvider p, Compute.Options options) {
        List<KernelsProvider> rest = providers.stream().filter(other -> other != p).toList();
        return p.create(options.activationMode(), () -> best(rest, options).kernels());
    }
}
