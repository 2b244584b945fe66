package ai.realm.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GuestsTest {
    @ParameterizedTest
    @ValueSource(strings = {"default", "suffix"})
    void load_shippedGuest_isSmallWasm(String name) {
        assertThat(Guests.load(name)).startsWith(0, 'a', 's', 'm', 1, 0, 0, 0).hasSizeLessThan(1024);
    }

    @ParameterizedTest
    @ValueSource(strings = {"nothing", "../default", ""})
    void load_unknownName_saysSo(String name) {
        assertThatThrownBy(() -> Guests.load(name)).isInstanceOf(IllegalArgumentException.class).hasMessageContaining(name);
    }

    @Test
    void load_twice_sameBytes() {
        assertThat(Guests.load("default")).isEqualTo(Guests.load("default"));
    }
}
