package ai.realm.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class BenchCommandTest {
    @Test
    void bench_valueOutOfRange_isWrongUsage() {
        StringWriter err = new StringWriter();
        CommandLine line = RealmCommand.commandLine().setErr(new PrintWriter(err));
        assertThat(line.execute("bench", "-r", "0")).isEqualTo(2);
        assertThat(err.toString()).contains("-r must be 1..1000, not 0");
        assertThat(line.execute("bench", "--batch", "1,0")).isEqualTo(2);
    }
}
