package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.RealmException;
import ai.realm.guest.Guests;
import ai.realm.runtime.guest.GuestFixture.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every hostile module is refused, or fails its own request with the right error; the tenant beside it gets its answer as ever.
 * Writes the table of {@code docs/security.md} to {@code target/hostile.md}.
 */
class HostileCollectionTest {
    private static final List<String> ROWS = new ArrayList<>();
    private static GuestFixture hostile;
    private static GuestFixture neighbour;
    private static GuestModule good;

    @BeforeAll
    static void start() {
        hostile = new GuestFixture();
        hostile.tenant = "mallory";
        hostile.context = hostile.context();
        neighbour = new GuestFixture();
        good = neighbour.host.register(Guests.load("default"), neighbour.limits);
    }

    @AfterAll
    static void writeTable() throws IOException {
        hostile.close();
        neighbour.close();
        ROWS.addFirst("| attack | what it does | what held | error | ms |\n|---|---|---|---|---:|");
        Files.writeString(Path.of("target/hostile.md"), counts() + "\n" + String.join("\n", ROWS) + "\n");
    }

    /** How many attacks of each surface were tried and contained: a table, and the day. */
    private static String counts() {
        Map<String, Long> tried = attacks().stream()
                .collect(Collectors.groupingBy(Attack::surface, TreeMap::new, Collectors.counting()));
        StringBuilder table = new StringBuilder(
                "Made on " + LocalDate.now(ZoneOffset.UTC)
                        + ".\n\n| surface | tried | contained | not |\n|---|---:|---:|---:|\n");
        long all = 0;
        for (Map.Entry<String, Long> surface : tried.entrySet()) {
            long held = ROWS.stream().filter(row -> row.startsWith("| " + surface.getKey() + " |")).count();
            all += held;
            table.append(count(surface.getKey(), surface.getValue(), held));
        }
        return table.append(count("all", attacks().size(), all)).toString();
    }

    private static String count(String surface, long tried, long held) {
        return "| " + surface + " | " + tried + " | " + held + " | " + (tried - held) + " |\n";
    }

    static List<Attack> attacks() {
        return HostileCollection.all();
    }

    @Test
    void collection_isLarge() {
        assertThat(attacks()).hasSizeGreaterThanOrEqualTo(80);
        assertThat(attacks().stream().map(Attack::toString)).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @MethodSource("attacks")
    void attack_isContained(Attack attack) {
        byte[] module = attack.module().get();
        hostile.limits = HostileCollection.limits(attack);
        hostile.sessions.hangs(attack.hangs());
        hostile.context = hostile.context();
        long begin = System.nanoTime();
        Outcome o = attempt(module);
        long millis = (System.nanoTime() - begin) / 1_000_000;
        check(attack, o);
        assertThat(millis).as("milliseconds").isLessThan(60_000);
        neighbour.context = neighbour.context();
        assertThat(neighbour.run(good).text()).as("the neighbour's answer").isEqualTo("Paris");
        assertThat(hostile.leases).as("open leases").hasValue(0);
        assertThat(hostile.sessions.open).as("open sessions").hasValue(0);
        ROWS.add(row(attack, o, millis));
    }

    private static Outcome attempt(byte[] module) {
        try {
            return hostile.run(module);
        } catch (RealmException e) {
            return new Outcome(List.of(), null, e);
        }
    }

    private static void check(Attack attack, Outcome o) {
        if (attack.error() == null) {
            assertThat(o.error()).isNull();
            assertThat(o.text()).isEqualTo(attack.says().getFirst());
        } else {
            assertThat(o.code()).as(o.message()).isEqualTo(attack.error());
            assertThat(o.message()).contains(attack.says());
            assertThat(o.message()).doesNotContain("\n").hasSizeLessThan(700);
        }
    }

    private static String row(Attack attack, Outcome o, long millis) {
        String held = o.error() == null
                ? "the host's answer " + (o.text().isEmpty() ? "(none)" : "`" + o.text() + "`")
                : o.message();
        String error = o.error() == null ? "none" : o.code().name().toLowerCase(Locale.ROOT);
        return "| " + attack.surface() + " | " + attack.name() + " | "
                + held.replace("|", "\\|").replaceAll("\\d+ ms reached", "reached")
                + " | " + error + " | " + millis + " |";
    }
}
