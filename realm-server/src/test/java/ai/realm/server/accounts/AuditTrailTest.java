package ai.realm.server.accounts;

import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.RealmException;
import java.time.Clock;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class AuditTrailTest {
    @Test
    void endAnyway_withoutADatabase_leavesWhatHasHappenedAsItIs() {
        Database database = Database.inMemory();
        AuditTrail trail = new AuditTrail(database, Clock.systemUTC(), Duration.ofDays(1));
        long entry = trail.begin(new AuditTrail.Begun("SIGHUP", "admin", "reload", "", "", ""));
        database.update("DROP TABLE audit");
        assertThatThrownBy(() -> trail.end(entry, "", 200, "{}")).isInstanceOf(RealmException.class);
        assertThatNoException().isThrownBy(() -> trail.endAnyway(entry, "", 200, "{}"));
        database.close();
    }
}
