package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.sampling.SamplingParams;
import com.dylibso.chicory.runtime.ByteArrayMemory;
import com.dylibso.chicory.wasm.types.MemoryLimits;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** {@code docs/guest-abi.md}, from which guest authors work, says what the code does: errors, imports, options, limits. */
class AbiPageTest {
    private static final int AT = 1024;
    private static final int TEXTS = 4096;

    private final String page = read("guest-abi.md");

    private static String read(String name) {
        try {
            return Files.readString(Path.of("../docs", name));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private List<MatchResult> rows(String pattern) {
        return Pattern.compile(pattern, Pattern.MULTILINE).matcher(page).results().toList();
    }

    @Test
    void errors_areThoseOfTheCode() {
        assertThat(rows("^\\| (-\\d+) \\| .+ \\| .+ \\|$")).extracting(r -> Integer.parseInt(r.group(1)))
                .containsExactlyElementsOf(Arrays.stream(AbiError.values()).map(AbiError::code).toList());
    }

    @Test
    void imports_haveTheSignaturesOfTheCode() {
        Map<String, Integer> described = new LinkedHashMap<>();
        for (MatchResult r : rows("^\\| `(realm_host_\\w+)` \\| `\\(([^)]*)\\)( -> i32)?` \\|")) {
            HostImport known = HostImport.named(r.group(1));
            assertThat(known).as(r.group(1)).isNotNull();
            described.put(r.group(1), r.group(2).split(",").length);
            assertThat(known.type().returns().size()).as(r.group(1) + "'s result").isEqualTo(r.group(3) == null ? 0 : 1);
        }
        assertThat(described).isEqualTo(Arrays.stream(HostImport.values())
                .collect(Collectors.toMap(HostImport::functionName, i -> i.type().params().size())));
    }

    /** A field of the options, set alone: what it is set to, and where it must arrive. */
    private record Probe(Number value, Function<SamplingParams, Object> arrives, Object expected) {
        static Probe of(Number value, Function<SamplingParams, Object> arrives) {
            return new Probe(value, arrives, value);
        }

        static Probe text(Function<SamplingParams, Object> arrives, Object expected) {
            return new Probe(TEXTS, arrives, expected);
        }
    }

    private static final Map<String, Probe> PROBES = Map.ofEntries(
            Map.entry("max_tokens", Probe.of(77, SamplingParams::maxTokens)),
            Map.entry("temperature", Probe.of(0.25f, SamplingParams::temperature)),
            Map.entry("top_p", Probe.of(0.5f, SamplingParams::topP)), Map.entry("top_k", Probe.of(9, SamplingParams::topK)),
            Map.entry("repetition_penalty", Probe.of(1.5f, SamplingParams::repetitionPenalty)),
            Map.entry("seed", Probe.of(1L << 40, SamplingParams::seed)),
            Map.entry("min_p", Probe.of(0.125f, SamplingParams::minP)),
            Map.entry("typical_p", Probe.of(0.75f, SamplingParams::typicalP)),
            Map.entry("frequency_penalty", Probe.of(-1.5f, SamplingParams::frequencyPenalty)),
            Map.entry("presence_penalty", Probe.of(1.25f, SamplingParams::presencePenalty)),
            Map.entry("repeat_window", Probe.of(33, SamplingParams::repeatWindow)),
            Map.entry("log_probs", Probe.of(3, SamplingParams::logProbs)),
            Map.entry("stop_tokens_ptr", Probe.text(SamplingParams::stopTokens, List.of(16, 17))),
            Map.entry("stop_strings_ptr", new Probe(TEXTS + 16, SamplingParams::stopStrings, List.of("root ::= \"a\""))),
            Map.entry("grammar_ptr", new Probe(TEXTS + 32, SamplingParams::grammar, "root ::= \"a\"")),
            Map.entry("json_schema_ptr", new Probe(TEXTS + 48, SamplingParams::jsonSchema, "{}")),
            Map.entry("logit_bias_ptr", new Probe(TEXTS + 64, SamplingParams::logitBias, Map.of(5, 2f))));
    /** The counts and lengths that belong to the pointers above. */
    private static final Map<String, Integer> COUNTS = Map.of("stop_token_count", 2, "stop_string_count", 1, "grammar_len", 12,
            "json_schema_len", 2, "logit_bias_count", 1);

    private static void put(ByteBuffer struct, int offset, String type, Number value) {
        switch (type) {
            case "u32", "i32" -> struct.putInt(offset, value.intValue());
            case "f32" -> struct.putFloat(offset, value.floatValue());
            case "u64" -> struct.putLong(offset, value.longValue());
            default -> throw new AssertionError("type " + type);
        }
    }

    private static GuestMemory memory() {
        GuestMemory memory = new GuestMemory(new ByteArrayMemory(new MemoryLimits(1, 1)));
        ByteBuffer texts = ByteBuffer.allocate(80).order(ByteOrder.LITTLE_ENDIAN);
        texts.putInt(0, 16).putInt(4, 17).putInt(16, TEXTS + 32).putInt(20, 12).putInt(64, 5).putFloat(68, 2f);
        texts.put(32, "root ::= \"a\"".getBytes(StandardCharsets.UTF_8)).put(48, "{}".getBytes(StandardCharsets.UTF_8));
        memory.write(TEXTS, texts.array(), "texts");
        return memory;
    }

    @Test
    void extendedOptions_areReadWhereThePageSays() {
        String extended = page.substring(page.indexOf("Version 1: a field counts"));
        Map<String, MatchResult> fields = new LinkedHashMap<>();
        Pattern.compile("^\\| (\\d+) \\| (\\w+) \\| (\\w+) \\| (\\d*) ?\\|", Pattern.MULTILINE).matcher(extended).results()
                .filter(r -> !r.group(2).equals("reserved")).forEach(r -> fields.put(r.group(2), r));
        assertThat(fields.keySet()).containsAll(PROBES.keySet()).containsAll(COUNTS.keySet());
        SamplingParams request = SamplingParams.defaults();
        PROBES.forEach((name, probe) -> {
            MatchResult field = fields.get(name);
            ByteBuffer struct = ByteBuffer.allocate(GenOptions.EXTENDED_SIZE).order(ByteOrder.LITTLE_ENDIAN);
            struct.put(25, (byte) 1).putInt(Integer.parseInt(fields.get("present").group(1)),
                    1 << Integer.parseInt(field.group(4)));
            COUNTS.forEach((count, n) -> struct.putInt(Integer.parseInt(fields.get(count).group(1)), n));
            put(struct, Integer.parseInt(field.group(1)), field.group(3), probe.value());
            GuestMemory memory = memory();
            memory.write(AT, struct.array(), "options");
            SamplingParams chosen = new GenOptions(request, 0, 1).decode(memory, AT).params();
            assertThat(probe.arrives().apply(chosen)).as(name).isEqualTo(probe.expected());
            assertThat(probe.arrives().apply(request)).as(name + " of the request").isNotEqualTo(probe.expected());
        });
    }

    @Test
    void limits_areThoseOfTheCode_withTheirDefaults() {
        GuestLimits d = GuestLimits.defaults();
        List<MatchResult> rows = rows("^\\| `(\\w+)` \\| `(\\w+)` \\| (\\d+) \\|");
        assertThat(rows.stream().map(r -> r.group(1) + " is guest_limits." + r.group(2))).containsExactlyInAnyOrderElementsOf(
                Arrays.stream(GuestLimit.values()).map(l -> l.label() + " is " + l.setting()).toList());
        Map<String, Long> defaults = rows.stream()
                .collect(Collectors.toMap(r -> r.group(1), r -> Long.parseLong(r.group(3))));
        assertThat(defaults).containsEntry("memory_pages", (long) d.memoryPages())
                .containsEntry("table_elements", (long) d.tableElements()).containsEntry("stack_bytes", (long) d.stackBytes())
                .containsEntry("deadline", d.deadline().toMillis()).containsEntry("cpu_time", d.cpuTime().toMillis())
                .containsEntry("generations", (long) d.generations())
                .containsEntry("generated_tokens", (long) d.generatedTokens())
                .containsEntry("output_bytes", (long) d.outputBytes()).containsEntry("log_lines", (long) d.logLines())
                .containsEntry("kv_bytes", d.kvBytes()).containsEntry("kv_updates", (long) d.kvUpdates())
                .containsEntry("concurrent_instances", (long) d.concurrentInstances())
                .containsEntry("sequences", (long) d.sequences().open()).containsEntry("forks", (long) d.sequences().forks())
                .containsEntry("kv_positions", (long) d.sequences().positions())
                .containsEntry("module_bytes", (long) d.moduleBytes()).containsEntry("compile_time", d.compileTime().toMillis());
    }

    @Test
    void exports_areThoseThatTheGateKnows() {
        for (String export : List.of("memory", "generate", "realm_alloc", "realm_free", "on_token", "on_step",
                "realm_abi_version",
                "_initialize", "realm_snapshot")) {
            assertThat(page).contains("| `" + export + "` |");
        }
    }

    @Test
    void templates_onThePage_areTheFiles() throws IOException {
        for (String template : List.of("c/template/guest.c", "assemblyscript/template/guest.ts", "go/template/guest.go",
                "javascript/template/guest.js")) {
            String source = Files.readString(Path.of("../sdk", template)).replaceFirst("(?s)^//[^\n]*\n|^/\\*.*?\\*/\n", "")
                    .replace("../assembly/index", "realm-guest")
                    .replace("/// <reference path=\"../realm.d.ts\" />\n", "").strip();
            assertThat(page).contains(source);
        }
    }

    @Test
    void hostileTable_namesEveryAttack() {
        String table = read("security.md");
        for (Attack attack : HostileCollection.all()) {
            assertThat(table).contains("| " + attack.surface() + " | " + attack.name() + " |");
        }
    }
}
