package ai.realm.server.cli;

import ai.realm.core.error.RealmException;
import ai.realm.server.cli.load.LoadCommand;
import ai.realm.server.cli.inspect.InspectCommand;
import ai.realm.server.cli.verify.VerifyCommand;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command {@code realm}: holds the subcommands and their common rules. Exit codes: 0 good, 1 the thing asked about is bad or
 * the work failed, 2 wrong usage.
 */
@Command(name = "realm", mixinStandardHelpOptions = true, version = "realm 0.1.0", description = "A multi-tenant LLM inference server: every tenant's own code runs beside the model in a WebAssembly sandbox.", footer = {
        "", "./realm test runs the full build with every test.",
        "REALM_LOG=debug turns the request path's log lines on; REALM_JAVA_OPTS adds options for the JVM."}, subcommands = {
                ServeCommand.class, RunCommand.class, BenchCommand.class, LoadCommand.class, GuestCommand.class,
                TenantsCommand.class,
                InspectCommand.class, ModelsCommand.class, PullCommand.class, VerifyCommand.class, TrainCommand.class})
public final class RealmCommand implements Runnable {
    private static final Set<String> SERVERS = Set.of("serve", "train");

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    /** The command line with its subcommands and rules for errors. */
    public static CommandLine commandLine() {
        CommandLine line = new CommandLine(new RealmCommand());
        offerHelp(line, line.getCommandSpec().version());
        line.setExecutionExceptionHandler((e, cmd, _) -> {
            cmd.getErr().println("realm: " + message(e));
            return 1;
        });
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setUsageHelpAutoWidth(true);
        return line;
    }

    private static void offerHelp(CommandLine line, String... version) {
        if (!line.getCommandSpec().mixinStandardHelpOptions()) {
            line.getCommandSpec().mixinStandardHelpOptions(true);
        }
        line.getCommandSpec().version(version);
        line.getSubcommands().values().forEach(c -> offerHelp(c, version));
    }

    private static String message(Exception e) {
        String text = e.getMessage();
        return e instanceof RealmException && text != null ? text : e.toString();
    }

    public static void main(String[] args) {
        // Before the first logger: a server says what it does, the other commands only what is wrong.
        boolean serves = args.length > 0 && SERVERS.contains(args[0]);
        System.setProperty("realm.log", serves ? "info" : "warn");
        System.setProperty("realm.guest.log", serves ? "info" : "debug");
        System.exit(commandLine().execute(args));
    }
}
