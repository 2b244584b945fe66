package ai.realm.server.cli;

import ai.realm.core.kernel.Compute;
import ai.realm.core.kernel.machine.MachineListing;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code realm kernels}: which kernels this machine gets, and the machine code of those that Realm writes. */
@Command(name = "kernels", subcommands = KernelsCommand.Dump.class, description = "Tell which kernels this machine gets, and list the machine code of those that Realm writes.")
@SuppressWarnings("NullAway.Init")
public final class KernelsCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        try (Compute compute = Compute.open(Compute.Options.defaults())) {
            spec.commandLine().getOut().println(compute.describe());
            spec.commandLine().getOut().flush();
        }
    }

    /** Lists one kernel, or the names of all. */
    @Command(name = "dump", description = "The instructions of an emitted kernel as GNU as takes them; without a name, the names.")
    static final class Dump implements Runnable {
        @Parameters(arity = "0..1", paramLabel = "NAME", description = "A kernel's name.")
        private @Nullable String name;

        @Spec
        private CommandSpec spec;

        @Override
        public void run() {
            PrintWriter out = spec.commandLine().getOut();
            if (name == null) {
                MachineListing.names().forEach(out::println);
            } else {
                try {
                    MachineListing.of(name).forEach(out::println);
                } catch (IllegalArgumentException e) {
                    throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
                }
            }
            out.flush();
        }
    }
}
