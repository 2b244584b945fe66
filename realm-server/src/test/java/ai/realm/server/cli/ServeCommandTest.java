package ai.realm.server.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** Which arguments a server reads without the command line's library. */
class ServeCommandTest {
    private static ServeCommand plain(String arguments) {
        return ServeCommand.plain(arguments.split(" "));
    }

    @ParameterizedTest
    @ValueSource(strings = {"serve", "serve --port 0", "serve --json --data d --port 8081 --host ::1",
            "serve --model default --config realm.yaml"})
    void plain_knownOptions_needNoReading(String arguments) {
        assertThat(plain(arguments)).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"serve --help", "serve -h", "serve --port", "serve --port=1", "serve --port x", "serve --port -1",
            "serve --port 123456", "serve --prot 1", "serve extra", "serve --json --json", "serve --data --json",
            "serve --port 1 --port 2", "serve @file"})
    void plain_anythingElse_isLeftToTheCommandLine(String arguments) {
        assertThat(plain(arguments)).isNull();
    }

    @Test
    void plain_everyOptionOfTheCommand_isKnown() {
        for (OptionSpec option : new CommandLine(new ServeCommand()).getCommandSpec().options()) {
            String value = option.arity().max() == 0 ? "" : " 1";
            assertThat(plain("serve " + option.longestName() + value)).as(option.longestName()).isNotNull();
        }
    }

    @Test
    void call_plainArgumentsThatAreWrong_leavesTheMessageToTheCommandLine() {
        assertThatThrownBy(() -> plain("serve --port 70000").call()).isInstanceOf(ServeCommand.WrongArgumentsException.class);
    }
}
