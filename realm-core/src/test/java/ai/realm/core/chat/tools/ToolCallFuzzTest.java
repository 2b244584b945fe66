package ai.realm.core.chat.tools;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.sampling.grammar.Grammar;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Calls with arguments that nobody would choose, written, cut and broken at random, in every family's format. */
class ToolCallFuzzTest {
    static final List<String> families = Golden.FAMILIES;

    private static final List<String> BITS = List.of("\"", "\\", "'", "\n", "\t", "{", "}", "[", "]", "(", ")", ",", ":", "=",
            "é", "日本",
            "😀", "\u2028", "</tool_call>", "<|im_end|>", "<tool_call>", "```", "</parameter>", "<|python_tag|>", "[TOOL_CALLS]",
            "a",
            "true", "null", "1", " ", "\\n", "\\u0041", "<", ">", "&", "%", "</think>", "get_weather");

    private static String text(Random random) {
        StringBuilder out = new StringBuilder();
        for (int n = random.nextInt(6); n >= 0; n--) {
            out.append(BITS.get(random.nextInt(BITS.size())));
        }
        return out.toString();
    }

    private static ToolCall call(Random random, int i) {
        Map<String, Object> arguments = new LinkedHashMap<>();
        if (random.nextBoolean()) {
            arguments.put("city", text(random));
            if (random.nextBoolean()) {
                arguments.put("days", random.nextInt(2000) - 1000);
            }
            return new ToolCall("abcdefgh" + i, "get_weather", arguments);
        }
        arguments.put("query", text(random));
        if (random.nextBoolean()) {
            arguments.put("filters", Map.of("k", List.of(text(random), random.nextInt(9), Map.of("x", text(random)))));
        }
        if (random.nextBoolean()) {
            arguments.put("tags", List.of(text(random), text(random)));
        }
        return new ToolCall("abcdefgh" + i, "search", arguments);
    }

    private static List<ToolCall> calls(Random random) {
        List<ToolCall> out = new ArrayList<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
            out.add(call(random, i));
        }
        return out;
    }

    /** Marks of the format's own inside of an argument, where nothing escapes them, cannot be told from the format's. */
    private static boolean marked(ChatFormat format, List<ToolCall> calls) {
        String all = calls.toString();
        return format.marks(true).stream().anyMatch(m -> !m.isBlank() && all.contains(m.strip())) || all.contains("</")
                || all.contains("<|") || all.contains("[TOOL_CALLS]") || all.contains("<tool_call>");
    }

    private static ParserOptions options(boolean hold, Golden any) {
        return new ParserOptions(Golden.TOOLS, true, hold, false, false, any.tail());
    }

    @ParameterizedTest
    @FieldSource("families")
    void write_randomCalls_areReadAsTheyWereAtEveryCut(String family) {
        Random random = new Random(family.hashCode());
        Golden any = Golden.of(family).getFirst();
        for (int n = 0; n < 80; n++) {
            List<ToolCall> calls = calls(random);
            if (marked(any.format(), calls)) {
                continue;
            }
            String text = any.format().write(calls).substring(any.tail().length());
            Parsed whole = Parsed.of(any.format(), options(true, any), List.of(text));
            assertThat(whole.names).as(text).isEqualTo(calls.stream().map(ToolCall::name).toList());
            for (int i = 0; i < calls.size(); i++) {
                assertThat(Golden.json(whole.arguments.get(i).toString())).as(text).isEqualTo(Golden.json(calls.get(i).json()));
            }
            String streamed = Parsed.of(any.format(), options(false, any), List.of(text)).toString();
            for (int cut = 0; cut < 5; cut++) {
                assertThat(Parsed.of(any.format(), options(false, any), ChatFormatsTest.cut(text, random))).as(text)
                        .hasToString(streamed);
            }
        }
    }

    /** A text that was broken is content, or the calls in it that are whole; what a client puts together is the same at every cut. */
    @ParameterizedTest
    @FieldSource("families")
    void parse_brokenCalls_failNeverAndAreTheSameAtEveryCut(String family) {
        Random random = new Random(family.hashCode() + 1);
        Golden any = Golden.of(family).getFirst();
        for (int n = 0; n < 100; n++) {
            StringBuilder broken = new StringBuilder(any.format().write(calls(random)).substring(any.tail().length()));
            for (int faults = 1 + random.nextInt(3); faults > 0 && !broken.isEmpty(); faults--) {
                int at = random.nextInt(broken.length());
                switch (random.nextInt(3)) {
                    case 0 -> broken.deleteCharAt(at);
                    case 1 -> broken.insert(at, BITS.get(random.nextInt(BITS.size())));
                    default -> broken.delete(at, Math.min(broken.length(), at + 1 + random.nextInt(20)));
                }
            }
            String text = broken.toString();
            for (boolean hold : new boolean[]{true, false}) {
                Parsed whole = Parsed.of(any.format(), options(hold, any), List.of(text));
                // what was passed on at once cannot be taken back; there a grammar holds what the model writes
                for (int i = 0; hold && i < whole.ended; i++) {
                    assertThat(Golden.json(whole.arguments.get(i).toString()).isObject()).as(text).isTrue();
                }
                for (int cut = 0; cut < 3; cut++) {
                    assertThat(Parsed.of(any.format(), options(hold, any), ChatFormatsTest.cut(text, random))).as(text)
                            .hasToString(whole.toString());
                }
            }
        }
    }

    /** With free text before it or without, a call of whatever text there is in its arguments is within the grammar. */
    @ParameterizedTest
    @FieldSource("families")
    void grammar_randomCalls_match(String family) {
        Random random = new Random(family.hashCode() + 2);
        Golden any = Golden.of(family).getFirst();
        String auto = any.format().grammar(new CallRules(Golden.TOOLS, false, true, null, false, any.tail()), null);
        String required = any.format().grammar(new CallRules(Golden.TOOLS, true, true, null, false, any.tail()), null);
        Grammar free = Grammar.gbnf(String.valueOf(auto), null);
        Grammar forced = Grammar.gbnf(String.valueOf(required), null);
        for (int n = 0; n < 30; n++) {
            List<ToolCall> calls = List.of(call(random, 1));
            if (!marked(any.format(), calls)) {
                String text = any.format().write(calls).substring(any.tail().length());
                assertThat(forced.matches(text)).as(text).isTrue();
                assertThat(free.matches(text)).as(text).isTrue();
            }
        }
    }
}
