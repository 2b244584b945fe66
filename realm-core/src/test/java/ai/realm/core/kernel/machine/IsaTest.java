package ai.realm.core.kernel.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class IsaTest {
    @Test
    void choose_whatIsThere_isTheOneAskedForOrTheBest() {
        assertThat(Isa.choose("auto", true)).isEqualTo(Isa.AMX);
        assertThat(Isa.choose("auto", false)).isEqualTo(Isa.VNNI);
        assertThat(Isa.choose("vnni", true)).isEqualTo(Isa.VNNI);
        assertThat(Isa.choose("amx", true)).isEqualTo(Isa.AMX);
    }

    @Test
    void choose_whatIsNotThere_saysTheRuleAndTheValue() {
        assertThatThrownBy(() -> Isa.choose("sse", true)).isInstanceOf(IllegalArgumentException.class)
                .hasMessage("realm.machine.isa must be auto or one of [vnni, amx], not sse");
        assertThatThrownBy(() -> Isa.choose("amx", false)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("realm.machine.isa is amx");
    }
}
