package ai.realm.server.tenant;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.RealmException;
import ai.realm.server.accounts.Database;
import ai.realm.server.accounts.GuestValues;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TenantKvStoreTest {
    @TempDir
    private Path dir;

    private static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    private static TenantKvStore store(Database database, String tenant) {
        return TenantKvStore.load(tenant, new GuestValues(database));
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
            TenantKvStore first = store(database, "acme").within(100);
            first.set(bytes("k"), new byte[50]);
            first.save();
            TenantKvStore second = store(database, "acme").within(60);
            assertThat(second.set(bytes("l"), new byte[10])).isFalse();
            assertThat(second.set(bytes("l"), new byte[8])).isTrue();
            second.within(10);
            assertThat(second.get(bytes("k"))).hasSize(50);
            assertThat(second.set(bytes("k"), new byte[51])).as("more").isFalse();
            assertThat(second.set(bytes("k"), new byte[49])).as("less").isTrue();
        }
    }

    @Test
    void forgottenStore_savesNothingMore() {
        try (Database database = Database.inMemory()) {
            TenantKvStore store = store(database, "acme");
            store.set(bytes("k"), bytes("v"));
            store.save();
            store.set(bytes("k"), bytes("late"));
            store.forget();
            store.save();
            assertThat(new GuestValues(database).all("acme")).isEmpty();
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
}
