package ai.realm.core.sampling.grammar;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ranges, multiples and exclusions against arithmetic. */
class NumberSchemasTest {
    private static Grammar grammar(String schema) {
        return Grammar.jsonSchema(schema.replace('\'', '"'));
    }

    /** Numbers near the bounds and far from them, in several spellings. */
    private static List<String> samples(Random random, String... bounds) {
        List<String> out = new ArrayList<>(List.of("0", "0.0", "-0.5", "1", "-1", "10", "100.25", "-99999", "1234567890.5"));
        for (String b : bounds) {
            if (!b.isEmpty()) {
                BigDecimal at = new BigDecimal(b);
                for (String step : new String[]{"0", "1", "0.1", "0.01", "0.001", "10", "0.0000001", "0.9"}) {
                    out.add(at.add(new BigDecimal(step)).toPlainString());
                    out.add(at.subtract(new BigDecimal(step)).toPlainString());
                    out.add(at.add(new BigDecimal(step)).stripTrailingZeros().toPlainString());
                }
            }
        }
        for (int i = 0; i < 400; i++) {
            out.add(new BigDecimal(BigInteger.valueOf(random.nextInt(200_001) - 100_000), random.nextInt(5)).toPlainString());
        }
        return out;
    }

    private static String part(String key, String value) {
        return value.isEmpty() ? "" : ",'" + key + "':" + value;
    }

    private static boolean within(BigDecimal v, String min, String exMin, String max, String exMax) {
        return (min.isEmpty() || v.compareTo(new BigDecimal(min)) >= 0)
                && (exMin.isEmpty() || v.compareTo(new BigDecimal(exMin)) > 0)
                && (max.isEmpty() || v.compareTo(new BigDecimal(max)) <= 0)
                && (exMax.isEmpty() || v.compareTo(new BigDecimal(exMax)) < 0);
    }

    @ParameterizedTest
    @CsvSource(value = {"0,'',1,''", "'',0,'',1", "-1,'','',1", "2.5,'',2.75,''", "'',2.5,'','2.75'", "0.001,'',1000,''",
            "-10.55,'',-3.2,''", "'',-10.55,'',-3.2", "-3.25,'',7.125,''", "0,'','',''", "'',0,'',''", "'','',0,''", "'','','',0",
            "18,'','',''", "'',99.99,'',''", "'','',-42.5,''", "'','','',1234.5", "1.5,2,'',''", "'','',8,7.5", "5,'',5,''",
            "3.1415,'',3.1416,''", "'',9.99,10.01,''", "99,'',101,''", "'',-0.001,'',0.001"})
    void number_inARange_isWhatArithmeticSays(String min, String exMin, String max, String exMax) {
        Grammar g = grammar("{'type':'number'" + part("minimum", min) + part("exclusiveMinimum", exMin) + part("maximum", max)
                + part("exclusiveMaximum", exMax) + "}");
        int accepted = 0;
        for (String text : samples(new Random(7), min, exMin, max, exMax)) {
            boolean want = within(new BigDecimal(text), min, exMin, max, exMax);
            if (text.startsWith("-") && new BigDecimal(text).signum() == 0) {
                continue; // minus zero: a number within, whose spelling may be refused
            }
            assertThat(g.matches(text)).as(text).isEqualTo(want);
            accepted += want ? 1 : 0;
        }
        assertThat(accepted).isPositive();
        for (String bad : new String[]{"", "-", ".5", "1.", "01", "00", "+1", "1e0x", "--1", "'1'"}) {
            assertThat(g.matches(bad)).as(bad).isFalse();
        }
    }

    private static boolean isMultiple(BigDecimal v, BigDecimal of) {
        return v.remainder(of).signum() == 0;
    }

    @ParameterizedTest
    @CsvSource({"1", "2", "3", "5", "7", "10", "12", "25", "60", "100", "365", "1000"})
    void integer_multipleOf_isWhatArithmeticSays(int divisor) {
        Grammar any = grammar("{'type':'integer','multipleOf':" + divisor + "}");
        Grammar positive = grammar("{'type':'integer','multipleOf':" + divisor + ",'minimum':1}");
        Grammar fromZero = grammar("{'type':'integer','multipleOf':" + divisor + ",'minimum':0}");
        Grammar negative = grammar("{'type':'integer','multipleOf':" + divisor + ",'exclusiveMaximum':0}");
        for (int i = -2500; i <= 2500; i++) {
            boolean multiple = i % divisor == 0;
            String text = Integer.toString(i);
            assertThat(any.matches(text)).as(text).isEqualTo(multiple);
            assertThat(positive.matches(text)).as("positive %s", text).isEqualTo(multiple && i > 0);
            assertThat(fromZero.matches(text)).as("from zero %s", text).isEqualTo(multiple && i >= 0);
            assertThat(negative.matches(text)).as("negative %s", text).isEqualTo(multiple && i < 0);
        }
        assertThat(any.matches("0" + divisor)).isFalse();
        assertThat(any.matches(divisor + ".0")).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"0.1", "0.01", "0.5", "0.25", "0.125", "1.5", "2.5", "0.3", "0.07"})
    void number_multipleOfAFraction_isWhatArithmeticSays(String divisor) {
        Grammar g = grammar("{'type':'number','multipleOf':" + divisor + "}");
        BigDecimal d = new BigDecimal(divisor);
        for (int i = -3000; i <= 3000; i++) {
            BigDecimal v = new BigDecimal(BigInteger.valueOf(i), 3);
            String text = v.signum() == 0 ? "0" : v.stripTrailingZeros().toPlainString();
            assertThat(g.matches(text)).as(text).isEqualTo(isMultiple(v, d));
        }
    }

    @Test
    void integer_multipleOfAFraction_isOneOfItsNumerator() {
        Grammar g = grammar("{'type':'integer','multipleOf':1.5}");
        for (int i = -100; i <= 100; i++) {
            assertThat(g.matches(Integer.toString(i))).as("%d", i).isEqualTo(i % 3 == 0);
        }
    }

    @Test
    void multiples_inARange_areListed() {
        Grammar g = grammar("{'type':'number','multipleOf':0.25,'minimum':-1,'exclusiveMaximum':1}");
        for (int i = -200; i <= 200; i++) {
            BigDecimal v = new BigDecimal(BigInteger.valueOf(i), 2);
            String text = v.signum() == 0 ? "0" : v.stripTrailingZeros().toPlainString();
            assertThat(g.matches(text)).as(text).isEqualTo(i % 25 == 0 && i >= -100 && i < 100);
        }
    }

    private static void checkIntegers(String schema, java.util.function.IntPredicate want) {
        Grammar g = grammar(schema);
        for (int i = -150; i <= 150; i++) {
            assertThat(g.matches(Integer.toString(i))).as("%s %d", schema, i).isEqualTo(want.test(i));
        }
    }

    @Test
    void integer_notOneOf_leavesTheOthers() {
        checkIntegers("{'type':'integer','not':{'const':7}}", i -> i != 7);
        checkIntegers("{'type':'integer','minimum':0,'maximum':20,'not':{'enum':[0,5,6,20,99]}}",
                i -> i > 0 && i < 20 && i != 5 && i != 6);
        checkIntegers("{'type':'integer','not':{'anyOf':[{'const':1},{'const':2.5},{'const':-3}]}}", i -> i != 1 && i != -3);
        checkIntegers(
                "{'allOf':[{'type':'integer','not':{'const':1}},{'not':{'const':2}},{'minimum':-5},{'minimum':-2,'maximum':9}]}",
                i -> i != 1 && i != 2 && i >= -2 && i <= 9);
    }

    @Test
    void number_notAValue_leavesItsNeighbours() {
        Grammar g = grammar("{'type':'number','minimum':0,'maximum':1,'not':{'const':0.5}}");
        for (String text : new String[]{"0", "0.4999", "0.51", "0.50001", "1", "0.05"}) {
            assertThat(g.matches(text)).as(text).isTrue();
        }
        for (String text : new String[]{"0.5", "0.50", "0.500", "1.1", "-0.1"}) {
            assertThat(g.matches(text)).as(text).isFalse();
        }
    }

    /** Bounds that are drawn, with every spelling of up to four digits around them. */
    @Test
    void number_inDrawnRanges_isWhatArithmeticSays() {
        Random random = new Random(20260926);
        for (int round = 0; round < 60; round++) {
            @Nullable
            String[] b = new String[4];
            BigDecimal x = new BigDecimal(BigInteger.valueOf(random.nextInt(4001) - 2000), random.nextInt(4));
            BigDecimal y = x.add(new BigDecimal(BigInteger.valueOf(1 + random.nextInt(3000)), random.nextInt(4)));
            boolean ex = random.nextBoolean();
            boolean ey = random.nextBoolean();
            b[0] = ex ? "" : x.toPlainString();
            b[1] = ex ? x.toPlainString() : "";
            b[2] = ey ? "" : y.toPlainString();
            b[3] = ey ? y.toPlainString() : "";
            number_inARange_isWhatArithmeticSays(b[0], b[1], b[2], b[3]);
        }
    }
}
