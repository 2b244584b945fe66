package ai.realm.server.accounts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.Usage;
import ai.realm.server.accounts.FaultyConnections.Fault;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.time.Clock;
import java.time.LocalDate;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The database lost, full or refusing: what is told, and that no account is lost or doubled. */
class StorageFailureTest {
    private static final LocalDate TODAY = LocalDate.of(2026, 3, 1);
    private static final long NOON = TODAY.toEpochDay() * 86_400_000 + 43_200_000;

    @TempDir
    private Path dir;
    private FaultyConnections connections;
    private Database database;
    private AccountSpool spool;
    private Accounts accounts;
    private final AtomicInteger waitingRun = new AtomicInteger();
    private StorageWatch watch;

    @BeforeEach
    void open() throws SQLException {
        connections = new FaultyConnections(dir.resolve("realm.db").toString());
        database = Database.of(connections, Dialect.SQLITE);
        spool = AccountSpool.open(dir.resolve("data"));
        accounts = new Accounts(database, Clock.systemUTC(), spool);
        watch = new StorageWatch(database, accounts, null, List.of(waitingRun::incrementAndGet));
    }

    @AfterEach
    void close() {
        connections.fault = Fault.NONE;
        database.close();
        spool.close();
    }

    private static RequestRecord record(String id) {
        return new RequestRecord(id, "acme", "m", "g", NOON, NOON, 200, "stop", null, new Usage(3, 1, 4, 9), 7);
    }

    private long requests() {
        return accounts.usage("acme", TODAY, TODAY).stream().mapToLong(UsageRow::requests).sum();
    }

    @Test
    void anyUse_whileTheDatabaseIsLost_says503AndNothingOfItsInsides() {
        connections.fault = Fault.LOST;
        assertThatThrownBy(() -> accounts.usage("acme", TODAY, TODAY)).isInstanceOf(RealmException.class)
                .hasMessageNotContainingAny("db.internal", "total=", "Connection", "SELECT").hasMessageContaining("try again")
                .extracting(e -> ((RealmException) e).code()).isEqualTo(ErrorCode.STORAGE_UNAVAILABLE);
    }

    @Test
    void anyUse_thatTheDatabaseRefuses_isADefectWithoutItsText() {
        connections.fault = Fault.REFUSED;
        assertThatThrownBy(() -> accounts.usage("acme", TODAY, TODAY)).hasMessageNotContaining("secret")
                .extracting(e -> ((RealmException) e).code()).isEqualTo(ErrorCode.INTERNAL);
        assertThatThrownBy(() -> accounts.record(record("a"))).as("no account that waits for ever")
                .isInstanceOf(RealmException.class);
        assertThat(accounts.waiting()).isZero();
    }

    @Test
    void record_whileTheDatabaseIsLost_waitsAndIsKeptWhenItIsBack() {
        connections.fault = Fault.LOST;
        accounts.record(record("a"));
        accounts.record(record("b"));
        watch.look();
        assertThat(watch.problem()).contains("accounts of 2 requests wait");
        assertThat(catchThrowableOfType(RealmException.class, watch::requireUsable).code())
                .isEqualTo(ErrorCode.STORAGE_UNAVAILABLE);
        connections.fault = Fault.NONE;
        watch.look();
        assertThat(watch.problem()).isNull();
        assertThat(requests()).isEqualTo(2);
        assertThat(waitingRun).hasValue(1);
    }

    @Test
    void whatWaits_andFailsInAWayThatNobodyForesaw_holdsNothingElseUp() {
        StorageWatch other = new StorageWatch(database, accounts, null, List.of(() -> {
            throw new IllegalStateException("unforeseen");
        }, waitingRun::incrementAndGet));
        other.look();
        other.look();
        assertThat(waitingRun).hasValue(2);
        assertThat(other.problem()).isNull();
    }

    @Test
    void linesOfGuests_whileTheDatabaseIsLost_waitWithinTheirBound_andAreKeptWhenItIsBack() {
        GuestLogs logs = new GuestLogs(database, Clock.systemUTC());
        connections.fault = Fault.LOST;
        for (int i = 0; i < 3; i++) {
            for (int n = 0; n < 4000; n++) {
                logs.line("acme", "r", "digest", 2, "line");
            }
            assertThat(catchThrowableOfType(RealmException.class, logs::flush).code()).isEqualTo(ErrorCode.STORAGE_UNAVAILABLE);
        }
        connections.fault = Fault.NONE;
        List<String> kept = logs.newest("acme", 0, 2).stream().map(GuestLogs.Line::text).toList();
        assertThat(kept.getFirst()).as("one line about all of them").matches("9\\d{3} lines are left out, as they came too fast");
        assertThat(kept.getLast()).isEqualTo("line");
    }

    @Test
    void record_whoseCommitWasDoneAndItsAnswerLost_isOneAccount() {
        connections.fault = Fault.LOST_AFTER_THE_COMMIT;
        accounts.record(record("a"));
        assertThat(accounts.waiting()).isEqualTo(1);
        connections.fault = Fault.NONE;
        watch.look();
        assertThat(requests()).isEqualTo(1);
        assertThat(accounts.waiting()).isZero();
    }

    @Test
    void record_onAFullDisk_waitsAndIsKeptWhenThereIsRoom() throws SQLException {
        connections.fill();
        int written = 0;
        while (accounts.waiting() < 3) {
            accounts.record(record("r-" + written++ + "x".repeat(500)));
        }
        assertThat(catchThrowableOfType(RealmException.class, accounts::keepWaiting).code())
                .isEqualTo(ErrorCode.STORAGE_UNAVAILABLE);
        connections.makeRoom();
        watch.look();
        assertThat(requests()).isEqualTo(written);
    }

    @Test
    void spool_ofAServerThatWasKilled_isFoundByTheNext() throws IOException {
        connections.fault = Fault.LOST;
        accounts.record(record("a"));
        spool.close();
        // The last line was being written.
        Path file = dir.resolve("data").resolve("accounts.spool");
        long end = Files.readString(file).indexOf('\0');
        try (var channel = Files.newByteChannel(file, StandardOpenOption.WRITE)) {
            channel.position(end).write(StandardCharsets.UTF_8.encode("{\"id\":\"half"));
        }
        assertThat(Files.size(file)).isEqualTo(1 << 20);
        spool = AccountSpool.open(dir.resolve("data"));
        accounts = new Accounts(database, Clock.systemUTC(), spool);
        assertThat(accounts.waiting()).isEqualTo(1);
        connections.fault = Fault.NONE;
        accounts.keepWaiting();
        assertThat(requests()).isEqualTo(1);
        spool.close();
        try (AccountSpool again = AccountSpool.open(dir.resolve("data"))) {
            assertThat(again.isEmpty()).isTrue();
        }
    }

    @Test
    void spool_ofServersInOneDirectory_isAFileEachAndLeftOnesAreTakenOver() {
        try (AccountSpool second = AccountSpool.open(dir.resolve("data"))) {
            second.add(new AccountSpool.Entry("x", record("a")));
            assertThat(spool.isEmpty()).isTrue();
        }
        spool.close();
        spool = AccountSpool.open(dir.resolve("data"));
        assertThat(spool.size()).isEqualTo(1);
        assertThat(dir.resolve("data").resolve("accounts-1.spool")).exists();
    }

    @Test
    void spool_whenItsRoomIsUsedUp_holdsTheRestInMemory() {
        connections.fault = Fault.LOST;
        int many = 400;
        for (int i = 0; i < many; i++) {
            accounts.record(record("r-" + i + "x".repeat(5_000)));
        }
        assertThat(accounts.waiting()).isEqualTo(many);
        connections.fault = Fault.NONE;
        accounts.keepWaiting();
        assertThat(requests()).isEqualTo(many);
    }

    @Test
    void text_withACharacterZero_isABadRequest() {
        assertThat(catchThrowableOfType(RealmException.class, () -> accounts.usage("a\0b", TODAY, TODAY)).code())
                .isEqualTo(ErrorCode.INVALID_REQUEST);
    }
}
