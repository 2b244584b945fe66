package ai.realm.core.sampling.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.RealmException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Schemas as large as a request may be, with much of each kind. They compile or are refused after a bounded amount of work; what takes
 * the square of its size would take minutes here.
 */
@Timeout(300)
class SchemaWorkTest {
    private static final double MOST_SECONDS = 5;
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private static String list(int count, IntFunction<String> item) {
        return IntStream.range(0, count).mapToObj(item).collect(Collectors.joining(",", "[", "]"));
    }

    private static String object(int count, IntFunction<String> member) {
        return IntStream.range(0, count).mapToObj(member).collect(Collectors.joining(",", "{", "}"));
    }

    static List<String> large() {
        String numbers = list(35_000, Integer::toString);
        String decimals = list(20_000, i -> i + ".5e1");
        String texts = list(20_000, i -> "'t" + i * 7919 + "'");
        List<String> out = new ArrayList<>(List.of("{'enum':" + numbers + "}", "{'enum':" + decimals + "}",
                "{'enum':" + texts + "}",
                "{'enum':" + list(8000, i -> "{'a':" + i + ",'b':[" + i + "]}") + "}",
                "{'enum':" + list(9000, Integer::toString) + ",'allOf':[{'enum':" + list(9000, i -> i + ".0") + "}]}",
                "{'type':'integer','not':{'enum':" + numbers + "}}", "{'type':'string','not':{'enum':" + texts + "}}",
                "{'enum':" + texts + ",'pattern':'^t1+.*5$','maxLength':9}", "{'type':'array','uniqueItems':true,'items':{'enum':"
                        + numbers + "}}"));
        out.add("{'anyOf':" + list(9000, i -> "{'const':" + i + "}") + "}");
        out.add("{'oneOf':" + list(9000, i -> "{'const':'x" + i + "'}") + "}");
        out.add("{'oneOf':" + list(60, i -> "{'enum':" + list(300, j -> Integer.toString(300 * i + j)) + "}") + "}");
        out.add("{'oneOf':" + list(2000, i -> "{'type':'object','properties':{'k':{'const':" + i + "}},'required':['k']}") + "}");
        out.add("{'allOf':" + list(9000, i -> "{'minimum':" + i + "}") + "}");
        out.add("{'allOf':" + list(9000, i -> "{'pattern':'a" + i + "'}") + "}");
        out.add("{'properties':" + object(6000, i -> "'p" + i + "':{'type':'string'}") + ",'additionalProperties':false}");
        out.add("{'required':" + list(20_000, i -> "'p" + i + "'") + "}");
        out.add("{'properties':" + object(1000, i -> "'p" + i + "':{}") + ",'dependentRequired':"
                + object(1000, i -> "'p" + i + "':['p" + (i * 31 + 7) % 1000 + "']") + "}");
        out.add("{'patternProperties':" + object(3000, i -> "'^a" + i + "':{'type':'integer'}") + "}");
        out.add("{'propertyNames':{'enum':" + texts + "},'type':'object'}");
        out.add("{'prefixItems':" + list(9000, i -> "{'const':" + i + "}") + ",'uniqueItems':true}");
        out.add("{'$ref':'#/$defs/d0','$defs':" + object(6000, i -> "'d" + i + "':{'$ref':'#/$defs/d" + (i + 1) % 6000 + "'}")
                + "}");
        out.add("{'properties':{'x':{'$ref':'#/$defs/d0'}},'$defs':"
                + object(4000, i -> "'d" + i + "':{'properties':{'n':{'$ref':'#/$defs/d" + (i + 1) % 4000 + "'}}}") + "}");
        out.add("{'anyOf':" + list(4, i -> "{'properties':" + object(800, j -> "'p" + i + "_" + j + "':{}") + "}")
                + ",'unevaluatedProperties':false}");
        out.add("{'type':'array','contains':{'enum':" + texts + "},'items':{'enum':" + list(9000, Integer::toString) + "}}");
        return out.stream().map(s -> s.replace('\'', '"')).toList();
    }

    @ParameterizedTest(name = "{index}")
    @MethodSource("large")
    void jsonSchema_largeOfEachKind_compilesOrIsRefusedSoon(String schema) {
        long start = THREADS.getCurrentThreadCpuTime();
        String outcome = "compiled";
        try {
            Grammar.jsonSchema(schema);
        } catch (RealmException e) {
            outcome = String.valueOf(e.getMessage());
        }
        assertThat((THREADS.getCurrentThreadCpuTime() - start) / 1e9).as("seconds of %s: %s", schema.substring(0, 60), outcome)
                .isLessThan(MOST_SECONDS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{'enum':[{'a':1}],'unevaluatedProperties':false,'$ref':'#'}",
            "{'enum':[[1]],'unevaluatedItems':false,'$ref':'#'}",
            "{'enum':[{'a':1}],'unevaluatedProperties':false,'allOf':[{'$ref':'#'},{'$ref':'#'}]}",
            "{'enum':[[1]],'unevaluatedItems':false,'allOf':[{'allOf':[{'$ref':'#'}]},{'$ref':'#'}]}",
            "{'enum':[{'a':1}],'unevaluatedProperties':false,'dependentSchemas':{'a':{'$ref':'#'}}}",
            "{'enum':[{'a':1}],'unevaluatedProperties':false,'anyOf':[{'$ref':'#'}]}",
            "{'enum':[{'a':1}],'unevaluatedProperties':false,'if':{'$ref':'#'}}",
            "{'type':'object','unevaluatedProperties':false,'$ref':'#'}",
            "{'type':'array','unevaluatedItems':false,'$ref':'#'}"})
    void jsonSchema_appliesItselfAtTheSamePlace_isRefused(String schema) {
        assertThatThrownBy(() -> Grammar.jsonSchema(schema.replace('\'', '"'))).isInstanceOf(RealmException.class);
    }

    @Test
    void jsonSchema_longChainOfReferencesToWhatIsEvaluated_isRefused() {
        String schema = "{'enum':[{'a':1}],'unevaluatedProperties':false,'$ref':'#/$defs/d0','$defs':"
                + object(6000, i -> "'d" + i + "':" + (i < 5999 ? "{'$ref':'#/$defs/d" + (i + 1) + "'}" : "{}")) + "}";

        assertThatThrownBy(() -> Grammar.jsonSchema(schema.replace('\'', '"'))).isInstanceOf(RealmException.class);
    }
}
