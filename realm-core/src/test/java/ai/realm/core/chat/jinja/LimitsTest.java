package ai.realm.core.chat.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.time.Clock;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Templates that try to exhaust the machine; under small limits, so that the tests are quick. */
class LimitsTest {
    private static final Limits SMALL = new Limits(500_000, 1500, 1 << 20, 1 << 20, 4 << 20, 100_000, 2_000_000_000L);

    @ParameterizedTest
    @ValueSource(strings = {"{{ 'x' * 10000000000 }}", "{{ [1] * 1000000000 }}", "{{ 'x'.center(2000000000) }}",
            "{{ 'x'.ljust(2000000000) }}", "{{ 'x'.zfill(2000000000) }}", "{{ '{:>2000000000}'.format(1) }}",
            "{{ '%2000000000d' % 1 }}", "{{ 'x' | center(2000000000) }}", "{{ 'x' | indent(2000000000, true) }}",
            "{{ [1] | batch(2000000000, 0) | list }}", "{{ range(10000000000) }}", "{{ [1] | slice(2000000000) | list }}",
            "{{ '\\t'.expandtabs(2000000000) }}", "{{ [1] | tojson(indent=2000000000) | length * 'x' * 99999999 }}",
            "{% set ns = namespace(s='x') %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
            "{% set ns = namespace(s='x') %}{% for i in range(100) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
            "{% set ns = namespace(s=['x']) %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
            "{% set ns = namespace(s='xy') %}{% for i in range(100) %}{% set ns.s = ns.s.replace('x', ns.s) %}{% endfor %}",
            "{% set ns = namespace(s='xy') %}{% for i in range(100) %}{% set ns.s = ns.s.join([ns.s, ns.s]) %}{% endfor %}",
            "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
            "{% for i in range(100000) %}{{ 'xxxxxxxxxx' * 1000 }}{% endfor %}",
            "{% set s = 'a' * 4000000 %}{% set p = 'a' * 2000000 + 'b' %}{{ p in s }}{{ s.find(p) }}{{ s.split(p) }}",
            "{% set xs = range(100000) | list %}{% for i in xs %}{{ 100001 in xs }}{% endfor %}",
            "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
            "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
            "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}",
            "{% set ns = namespace(a=[]) %}{% for i in range(3000) %}{% set ns.a = [ns.a] %}{% endfor %}{{ ns.a }}",
            "{% set ns = namespace(a=[]) %}{% for i in range(3000) %}{% set ns.a = [ns.a] %}{% endfor %}{{ ns.a | tojson }}",
            "{% set ns = namespace(a=[]) %}{% for i in range(90) %}{% set ns.a = [ns.a, ns.a] %}{% endfor %}{{ ns.a == ns.a + [] }}{{ ns.a }}"})
    void render_templateThatExhausts_failsInBoundedTime(String template) {
        JinjaTemplate compiled = JinjaTemplate.compile(template, Clock.systemUTC(), SMALL);
        assertThatThrownBy(() -> compiled.render(Map.of())).isInstanceOfSatisfying(RealmException.class,
                e -> assertThat(e.code()).isEqualTo(ErrorCode.TEMPLATE_FAILED));
    }

    @Test
    void render_sameExhaustionUnderDefaultLimits_fails() {
        JinjaTemplate loops = JinjaTemplate.compile(
                "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}", Clock.systemUTC());
        assertThatThrownBy(() -> loops.render(Map.of())).isInstanceOf(RealmException.class);
        JinjaTemplate recursion = JinjaTemplate.compile("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", Clock.systemUTC());
        assertThatThrownBy(() -> recursion.render(Map.of())).isInstanceOf(RealmException.class).hasMessageContaining("deeper");
    }
}
