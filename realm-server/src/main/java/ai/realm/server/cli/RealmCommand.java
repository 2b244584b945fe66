package ai.realm.server.cli;

import ai.realm.core.error.RealmException;
import ai.realm.server.cli.load.LoadCommand;
import ai.realm.server.cli.inspect.InspectCommand;
import ai.realm.server.cli.quantize.QuantizeCommand;
import ai.realm.server.cli.verify.VerifyCommand;
import ai.realm.server.log.LogFormat;
import java.util.List;
import java.util.Map;
import picocli.AutoComplete;
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
        "REALM_LOG=debug turns the request path's log lines on; REALM_LOG_FORMAT=json makes each a JSON object; REALM_JAVA_OPTS adds options for the JVM."})
public final class RealmCommand implements Runnable {
    private static final List<Class<?>> COMMANDS = List.of(ServeCommand.class, RunCommand.class, BenchCommand.class,
            LoadCommand.class, GuestCommand.class, TenantsCommand.class, ConfigCommand.class, AuditCommand.class,
            BackupCommand.class, RestoreCommand.class, InspectCommand.class,
            ModelsCommand.class, PullCommand.class, QuantizeCommand.class, VerifyCommand.class, KernelsCommand.class,
            TrainCommand.class);
    private static final Map<String, Class<?>> SERVERS = Map.of("serve", ServeCommand.class, "train", TrainCommand.class);

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    /** The command line with its subcommands and rules for errors. */
    public static CommandLine commandLine() {
        return commandLine(COMMANDS);
    }

    private static CommandLine commandLine(List<Class<?>> commands) {
        CommandLine line = new CommandLine(new RealmCommand());
        commands.forEach(line::addSubcommand);
        if (commands == COMMANDS) {
            CommandLine completion = new CommandLine(new AutoComplete.GenerateCompletion());
            completion.getCommandSpec().usageMessage().description(
                    "Prints a script for bash and zsh that completes commands and options: source <(./realm completion)");
            line.addSubcommand("completion", completion);
        }
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

    /** Runs a server whose arguments need no reading; returns when they do. */
    private static void serve(String[] args) {
        ServeCommand command = ServeCommand.plain(args);
        if (command == null) {
            return;
        }
        int code = 1;
        try {
            code = command.call();
        } catch (ServeCommand.WrongArgumentsException _) {
            return;
        } catch (Exception e) {
            System.err.println("realm: " + message(e));
        }
        System.exit(code);
    }

    public static void main(String[] args) {
        String problem = LogFormat.problem(System.getenv(LogFormat.VARIABLE));
        if (problem != null) {
            System.err.println("realm: " + problem);
            System.exit(2);
        }
        // Before the first logger: a server says what it does, the other commands only what is wrong.
        Class<?> server = args.length == 0 ? null : SERVERS.get(args[0]);
        System.setProperty("realm.log", server != null ? "info" : "warn");
        System.setProperty("realm.guest.log", server != null ? "info" : "debug");
        if (server == ServeCommand.class) {
            serve(args);
        }
        // A server does without the other commands, as reading what all of them say about themselves takes a while.
        System.exit(commandLine(server != null ? List.of(server) : COMMANDS).execute(args));
    }
}
