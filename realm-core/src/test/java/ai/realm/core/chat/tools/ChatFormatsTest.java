package ai.realm.core.chat.tools;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.sampling.grammar.Grammar;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

class ChatFormatsTest {
    static final List<String> families = Golden.FAMILIES;

    static List<Golden> cases() {
        return Golden.all();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void parse_goldenText_givesItsParts(Golden g) {
        Parsed p = Parsed.of(g.format(), g.options(true), List.of(g.text()));

        assertThat(p.content.toString()).isEqualTo(g.content());
        assertThat(p.reasoning.toString()).isEqualTo(g.reasoning());
        assertThat(p.names).isEqualTo(g.calls().stream().map(Golden.Call::name).toList());
        assertThat(p.arguments.stream().map(a -> Golden.json(a.toString())).toList())
                .isEqualTo(g.calls().stream().map(Golden.Call::arguments).toList());
        assertThat(p.ids).isEqualTo(g.calls().stream().map(Golden.Call::id).toList());
        assertThat(p.ended).isEqualTo(g.calls().size());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void parse_anyCut_givesTheWholeAnswersParts(Golden g) {
        for (boolean hold : new boolean[]{true, false}) {
            String whole = Parsed.of(g.format(), g.options(hold), List.of(g.text())).toString();
            for (int i = 0; i <= g.text().length(); i++) {
                List<String> two = List.of(g.text().substring(0, i), g.text().substring(i));
                assertThat(Parsed.of(g.format(), g.options(hold), two)).as("cut at %d", i).hasToString(whole);
            }
            List<String> each = g.text().chars().mapToObj(Character::toString).toList();
            assertThat(Parsed.of(g.format(), g.options(hold), each)).hasToString(whole);
            Random random = new Random(7);
            for (int n = 0; n < 20; n++) {
                assertThat(Parsed.of(g.format(), g.options(hold), cut(g.text(), random))).hasToString(whole);
            }
        }
    }

    static List<String> cut(String text, Random random) {
        List<String> pieces = new ArrayList<>();
        for (int at = 0; at < text.length();) {
            int to = Math.min(text.length(), at + 1 + random.nextInt(9));
            pieces.add(text.substring(at, to));
            at = to;
        }
        return pieces;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void parse_completeCallsPassedOnAtOnce_areTheHeldOnes(Golden g) {
        Parsed held = Parsed.of(g.format(), g.options(true), List.of(g.text()));
        Parsed live = Parsed.of(g.format(), g.options(false), List.of(g.text()));
        assertThat(live.ended).isEqualTo(held.ended);
        if (!held.names.isEmpty() || g.grammar()) {
            // an id that comes after the arguments is too late for a call that was passed on
            held.ids.clear();
            live.ids.clear();
            assertThat(live).hasToString(held.toString());
        }
    }

    /** What the parser takes for a call was held to the tools' schemas: such texts are in the grammar, and so is free text. */
    @ParameterizedTest
    @MethodSource("cases")
    void grammar_ofGoldenTexts_matches(Golden g) {
        String gbnf = g.format().grammar(new CallRules(Golden.TOOLS, false, true, null, false, g.tail()), null);
        Grammar grammar = Grammar.gbnf(String.valueOf(gbnf), null);
        if (g.grammar()) {
            assertThat(grammar.matches(g.text())).as(gbnf).isTrue();
        }
        if (g.calls().isEmpty() && !g.grammar()) {
            assertThat(grammar.matches(g.text())).as(gbnf).isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void grammar_required_matchesCallsOnly(Golden g) {
        CallRules rules = new CallRules(Golden.TOOLS, true, true, null, false, g.tail());
        Grammar grammar = Grammar.gbnf(String.valueOf(g.format().grammar(rules, null)), null);
        if (g.calls().isEmpty()) {
            assertThat(grammar.matches(g.text())).isFalse();
        }
    }

    static List<ToolCall> calls() {
        Map<String, Object> first = new LinkedHashMap<>();
        first.put("city", "São \"Paulo\"\n");
        first.put("days", -3);
        Map<String, Object> second = new LinkedHashMap<>();
        second.put("query", "a, b) {c} ]");
        second.put("filters", Map.of("k", List.of(1, true, Map.of("x", "y"))));
        second.put("tags", List.of("p", "q"));
        second.put("exact", false);
        return List.of(new ToolCall("abcdefgh1", "get_weather", first), new ToolCall("abcdefgh2", "search", second),
                new ToolCall("abcdefgh3", "now", Map.of()));
    }

    @ParameterizedTest
    @FieldSource("families")
    void write_calls_areReadAsTheyWere(String family) {
        ChatFormat format = Golden.of(family).getFirst().format();
        Parsed p = Parsed.of(format, new ParserOptions(Golden.TOOLS, true, true, false, false, ""),
                List.of(format.write(calls())));

        assertThat(p.names).as(format.write(calls())).containsExactly("get_weather", "search", "now");
        for (int i = 0; i < 3; i++) {
            assertThat(Golden.json(p.arguments.get(i).toString())).isEqualTo(Golden.json(calls().get(i).json()));
        }
        assertThat(p.content.toString()).isBlank();
    }

    @ParameterizedTest
    @FieldSource("families")
    void write_oneCall_isWithinTheGrammars(String family) {
        Golden any = Golden.of(family).getFirst();
        ToolCall call = new ToolCall("abcdefgh1", "get_weather", Map.of("city", "Paris"));
        String text = any.format().write(List.of(call)).substring(any.tail().length());
        for (boolean required : new boolean[]{true, false}) {
            CallRules one = new CallRules(Golden.TOOLS, required, false, null, false, any.tail());
            String gbnf = String.valueOf(any.format().grammar(one, null));
            assertThat(Grammar.gbnf(gbnf, null).matches(text)).as("%s\n%s", text, gbnf).isTrue();
            String two = any.format().write(List.of(call, call)).substring(any.tail().length());
            assertThat(Grammar.gbnf(gbnf, null).matches(two)).as("two calls where one may be: %s\n%s", two, gbnf).isFalse();
        }
    }

    @ParameterizedTest
    @FieldSource("families")
    void parse_everyPrefixOfEveryText_losesNothingAndNeverFails(String family) {
        for (Golden g : Golden.of(family)) {
            for (int i = 0; i < g.text().length(); i++) {
                for (boolean hold : new boolean[]{true, false}) {
                    Parsed p = Parsed.of(g.format(), g.options(hold), List.of(g.text().substring(0, i)));
                    for (int c = 0; c < p.ended; c++) {
                        assertThat(Golden.json(p.arguments.get(c).toString()).isObject()).isTrue();
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @FieldSource("families")
    @Timeout(60)
    void parse_megabytesOfHostileText_isLinear(String family) {
        Golden any = Golden.of(family).getFirst();
        List<String> marks = new ArrayList<>(any.format().marks(true));
        marks.addAll(List.of("{", "[", "{\"name\": \"get_weather\", \"arguments\": {\"city\": \"", "\\", "<", ">>>get_weather\n",
                " to=",
                "get_weather(", "\n", "\"", "<tool_call>{\"name\": \"get_weather\", \"arguments\": {\"a\":"));
        for (String mark : marks) {
            String text = mark.repeat((family.equals("hermes") ? 2_000_000 : 100_000) / mark.length());
            for (boolean hold : new boolean[]{true, false}) {
                Parsed p = Parsed.of(any.format(), any.options(hold), List.of(text));
                assertThat(p.content.length() + p.reasoning.length()).isLessThanOrEqualTo(text.length() + any.tail().length());
            }
        }
    }

    @Test
    void parse_reasoningOpenedByThePrompt_beginsWithIt() {
        ChatFormat format = ChatFormats.of("<tool_call> <think>");
        assertThat(format.startsInReasoning("…<|im_start|>assistant\n<think>\n")).isTrue();
        assertThat(format.startsInReasoning("…<think></think>")).isFalse();
        ParserOptions options = new ParserOptions(null, false, true, false, true, "");
        Parsed p = Parsed.of(format, options, List.of("So.\n</think>\n\nYes. <tool_call>"));
        assertThat(p).hasToString("content=Yes. <tool_call> reasoning=So. calls=[][][] ended=0");
    }

    @Test
    void parse_reasoningLeftInTheContent_keepsTheText() {
        ChatFormat format = ChatFormats.of("<tool_call> <think>");
        ParserOptions options = new ParserOptions(Golden.TOOLS, true, true, true, false, "");
        String text = "<think>\na <tool_call>{\n</think>\n\nYes.";
        assertThat(Parsed.of(format, options, List.of(text)).content).hasToString(text);
    }
}
