package ai.realm.server.http.openai.batches;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class InputLinesTest {
    private static InputLines lines(String text, int piece, int most) {
        byte[] all = text.getBytes(StandardCharsets.UTF_8);
        return new InputLines(
                n -> n * piece >= all.length ? null : Arrays.copyOfRange(all, n * piece, Math.min(all.length, n * piece + piece)),
                most);
    }

    private static List<String> all(InputLines lines) {
        List<String> out = new ArrayList<>();
        for (byte[] line = lines.next(); line != null; line = lines.next()) {
            out.add(new String(line, StandardCharsets.UTF_8) + ":" + lines.length());
        }
        return out;
    }

    @Test
    void next_whereverPiecesEnd_givesTheSameLines() {
        for (int piece = 1; piece < 14; piece++) {
            assertThat(all(lines("ab\n\ncde\nf\r\n", piece, 100))).as("pieces of %s", piece).containsExactly("ab:2", ":0",
                    "cde:3", "f\r:2", ":0");
            assertThat(all(lines("é\nü", piece, 100))).as("pieces of %s", piece).containsExactly("é:2", "ü:2");
        }
    }

    @Test
    void next_ofALineThatIsTooLong_keepsItsBeginningAndCountsTheRest() {
        for (int piece : new int[]{1, 3, 50}) {
            assertThat(all(lines("abcdefgh\nxy", piece, 3))).containsExactly("abc:8", "xy:2");
        }
    }

    @Test
    void next_ofNothing_isOneEmptyLine() {
        assertThat(all(lines("", 5, 5))).containsExactly(":0");
    }
}
