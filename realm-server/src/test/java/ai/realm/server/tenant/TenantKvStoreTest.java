package ai.realm.server.tenant;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.RealmException;
import ai.realm.server.accounts.Database;
import ai.realm.server.accounts.GuestValues;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TenantKvStoreTest {
    @TempDir
    private Path dir;

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    private static TenantKvStore store(Database database, String tenant) {
        return TenantKvStore.load(tenant, new GuestValues(database), _ -> {});
    }

    @Test
    void savedValues_outliveTheServer_eachTenantItsOwn() {
        try (Database database = Database.open(dir)) {
            TenantKvStore acme = store(database, "acme");
            acme.set(bytes("k"), bytes("old"));
            acme.set(bytes("gone"), bytes("x"));
            acme.save();
            acme.set(bytes("k"), new byte[]{0, -1, 7});
            acme.delete(bytes("gone"));
            acme.save();
            TenantKvStore other = store(database, "other");
            other.set(bytes("k"), bytes("theirs"));
            other.save();
        }
        try (Database database = Database.open(dir)) {
            TenantKvStore acme = store(database, "acme");
            assertThat(acme.get(bytes("k"))).containsExactly(0, -1, 7);
            assertThat(acme.get(bytes("gone"))).isNull();
            assertThat(store(database, "other").get(bytes("k"))).isEqualTo(bytes("theirs"));
        }
    }

    @Test
    void loadedValues_countAgainstTheBudget_andStayWhenItShrinks() {
        try (Database database = Database.inMemory()) {
            TenantKvStore first = store(database, "acme").within(1000);
            first.set(bytes("k"), new byte[500]);
            first.save();
            TenantKvStore second = store(database, "acme").within(700);
            assertThat(second.set(bytes("l"), new byte[199])).isFalse();
            assertThat(second.set(bytes("l"), new byte[198])).isTrue();
            second.within(10);
            assertThat(second.get(bytes("k"))).hasSize(500);
            assertThat(second.set(bytes("k"), new byte[501])).as("more").isFalse();
            assertThat(second.set(bytes("k"), new byte[499])).as("less").isTrue();
        }
    }

    @Test
    void entryHoweverSmall_countsWhatItCosts() {
        try (Database database = Database.inMemory()) {
            TenantKvStore store = store(database, "acme").within(256);
            assertThat(store.set(bytes("a"), new byte[0])).isTrue();
            assertThat(store.set(bytes("b"), new byte[0])).isTrue();
            assertThat(store.set(bytes("c"), new byte[0])).isFalse();
            assertThat(store.set(bytes("b"), new byte[127])).isTrue();
            assertThat(store.delete(bytes("a"))).isTrue();
            assertThat(store.bytes()).isEqualTo(128);
        }
    }

    @Test
    void keysThatComeAndGoWithinARequest_areNotRemembered() {
        try (Database database = Database.inMemory()) {
            TenantKvStore store = store(database, "acme");
            store.set(bytes("kept"), bytes("v"));
            store.save();
            for (int i = 0; i < 1000; i++) {
                store.set(bytes("k" + i), bytes("v"));
                store.delete(bytes("k" + i));
            }
            assertThat(store.changes()).isZero();
            store.delete(bytes("kept"));
            store.save();
            assertThat(new GuestValues(database).all("acme", 0)).isEmpty();
            store.set(bytes("kept"), bytes("w"));
            store.delete(bytes("kept"));
            assertThat(store.changes()).as("after the database has deleted it").isZero();
        }
    }

    /** Two requests of a tenant that fill its store at the same time, each with keys of its own and with those of the other. */
    @Test
    void racingRequests_neverHoldMoreThanTheBudgetTogether() throws Exception {
        try (Database database = Database.inMemory()) {
            TenantKvStore store = store(database, "acme").within(1000);
            List<Thread> requests = IntStream.range(0, 2).mapToObj(r -> Thread.ofPlatform().start(() -> {
                for (int i = 0; i < 20_000; i++) {
                    byte[] key = bytes((i % 3 == 0 ? "shared-" : r + "-") + i % 50);
                    if (i % 7 == 0) {
                        store.delete(key);
                    } else {
                        store.set(key, new byte[i % 300]);
                    }
                }
            })).toList();
            for (Thread request : requests) {
                request.join();
            }
            store.save();
            assertThat(store.bytes()).isLessThanOrEqualTo(1000);
            assertThat(store(database, "acme").bytes()).as("as the database has it").isEqualTo(store.bytes());
        }
    }

    @Test
    void droppedStore_savesNothingMore() {
        try (Database database = Database.inMemory()) {
            TenantKvStore store = store(database, "acme");
            store.set(bytes("k"), bytes("v"));
            store.save();
            store.set(bytes("k"), bytes("late"));
            store.drop();
            store.save();
            assertThat(new GuestValues(database).all("acme", 0)).singleElement()
                    .satisfies(e -> assertThat(e.value()).isEqualTo(bytes("v")));
        }
    }

    @Test
    void databaseThatRefuses_isTriedAgainWithTheNextRequest() {
        Database closed = Database.open(dir);
        TenantKvStore store = store(closed, "acme");
        store.set(bytes("k"), bytes("v"));
        closed.close();
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(store::save).isInstanceOf(RealmException.class).hasMessageContaining("database");
        }
        assertThat(store.get(bytes("k"))).isEqualTo(bytes("v"));
    }

    @Test
    void valueWithALife_endsEverywhere_andCountsNoMore() {
        AtomicLong now = new AtomicLong(1000);
        InstantSource clock = () -> Instant.ofEpochMilli(now.get());
        try (Database database = Database.inMemory()) {
            GuestValues values = new GuestValues(database);
            TenantKvStore store = TenantKvStore.load("acme", values, _ -> {}, clock).within(300);
            assertThat(store.put(bytes("k"), new byte[200], 5)).isTrue();
            assertThat(store.put(bytes("l"), new byte[200], 5)).as("no room").isFalse();
            TenantKvStore other = TenantKvStore.load("acme", values, _ -> {}, clock).within(300);
            assertThat(other.get(bytes("k"))).as("on another server").hasSize(200);
            assertThat(store.update(bytes("k"), _ -> new byte[1])).isTrue();
            now.set(5999);
            assertThat(store.get(bytes("k"))).hasSize(1);
            now.set(6000);
            assertThat(store.get(bytes("k"))).isNull();
            assertThat(other.get(bytes("k"))).isNull();
            assertThat(store.bytes()).isZero();
            assertThat(store.list(new byte[0], new byte[0], 10)).isEmpty();
            assertThat(store.update(bytes("k"), old -> old == null ? bytes("new") : bytes("old"))).isTrue();
            now.set(1_000_000);
            assertThat(store.get(bytes("k"))).as("the new one stays").isEqualTo(bytes("new"));
            store.put(bytes("k"), bytes("short"), 1);
            store.set(bytes("k"), bytes("long"));
            store.save();
            now.set(2_000_000);
            assertThat(TenantKvStore.load("acme", values, _ -> {}, clock).get(bytes("k"))).isEqualTo(bytes("long"));
        }
    }

    @Test
    void list_hasWhatIsNotSavedYet_andWhatOthersStored() {
        try (Database database = Database.inMemory()) {
            TenantKvStore one = store(database, "acme");
            TenantKvStore two = store(database, "acme");
            one.set(bytes("a"), bytes("x"));
            two.set(bytes("b"), bytes("y"));
            two.save();
            store(database, "other").put(bytes("c"), bytes("z"), 0);
            assertThat(one.list(new byte[0], new byte[0], 10)).extracting(l -> new String(l.key(), UTF_8)).containsExactly("a",
                    "b");
        }
    }

    private static byte[] plusOne(byte @Nullable [] old) {
        return new byte[]{(byte) (old == null ? 1 : old[0] + 1), (byte) (old == null ? 0 : old[1] + (old[0] == -1 ? 1 : 0))};
    }

    @Test
    void updates_ofManyRequestsOnTwoServers_loseNothing() {
        try (Database one = Database.open(dir)) {
            TenantKvStore here = store(one, "acme");
            TenantKvStore there = store(one, "acme");
            IntStream.range(0, 200).parallel().forEach(
                    i -> assertThat((i % 2 == 0 ? here : there).update(bytes("n"), TenantKvStoreTest::plusOne)).isTrue());
            assertThat(here.update(bytes("n"), old -> old)).isTrue();
            assertThat(here.get(bytes("n"))).containsExactly(200, 0);
        }
    }

    @Test
    void update_seesWhatIsNotSavedYet_andStaysWhenTheRestIsSaved() {
        try (Database database = Database.inMemory()) {
            TenantKvStore store = store(database, "acme");
            store.set(bytes("n"), new byte[]{5, 0});
            store.update(bytes("n"), TenantKvStoreTest::plusOne);
            store.save();
            assertThat(store(database, "acme").get(bytes("n"))).containsExactly(6, 0);
        }
    }

    @Test
    void updateThatIsRefused_changesNothing() {
        try (Database database = Database.inMemory()) {
            TenantKvStore store = store(database, "acme").within(300);
            store.update(bytes("n"), old -> new byte[]{1});
            assertThat(store.update(bytes("n"), old -> new byte[400])).isFalse();
            assertThatThrownBy(() -> store.update(bytes("n"), old -> {
                throw new IllegalArgumentException("stale");
            })).hasMessage("stale");
            assertThat(store.get(bytes("n"))).containsExactly(1);
            assertThat(store.update(bytes("n"), old -> null)).isTrue();
            assertThat(store(database, "acme").get(bytes("n"))).isNull();
        }
    }
}
