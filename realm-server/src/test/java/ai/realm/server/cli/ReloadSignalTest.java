package ai.realm.server.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReloadSignalTest {
    private final List<String> done = new ArrayList<>();
    private final ReloadSignal signal = new ReloadSignal(Runnable::run);

    @Test
    void ask_beforeTheServerIsReady_isDoneOnceItIs() {
        signal.ask();
        signal.ask();
        assertThat(done).isEmpty();
        signal.ready(() -> done.add("reload"));
        assertThat(done).hasSize(1);
        signal.ask();
        assertThat(done).hasSize(2);
    }

    @Test
    void ready_withoutAnybodyAsking_readsNothing() {
        signal.ready(() -> done.add("reload"));
        assertThat(done).isEmpty();
    }
}
