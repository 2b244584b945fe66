package ai.realm.runtime.guest;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.GuestRefusal;
import ai.realm.runtime.guest.GuestFixture.Outcome;
import ai.realm.runtime.session.FinishReason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The examples in JavaScript do what their first lines say. */
class ExampleScriptsTest {
    private static GuestFixture f;

    @BeforeAll
    static void start() {
        f = new GuestFixture();
    }

    @AfterAll
    static void close() {
        f.close();
    }

    @BeforeEach
    void reset() {
        f.context = f.context();
        f.config.clear();
        f.notices.clear();
        f.outside = GuestOutside.NONE;
        f.schedule = null;
        f.sessions.commands.clear();
        f.sessions.says("Par", "is");
        f.requestJson = "{\"model\":\"m\",\"user\":\"ada\",\"messages\":[{\"role\":\"user\",\"content\":\"When was Ada born?\"}]}";
        f.chat = new GuestChat() {
            @Override
            public String render(int model, String json, boolean open) {
                return "R" + json;
            }

            @Override
            public String describe(int model) {
                return "{}";
            }

            @Override
            public boolean takesToolCalls() {
                return true;
            }
        };
    }

    private static Outcome run(String example) throws IOException {
        return f.run(GuestScripts.javascript(Files.readAllBytes(Path.of("../examples/javascript", example + ".js"))));
    }

    private static String text(String example) throws IOException {
        Outcome o = run(example);
        assertThat(o.error()).as(example).isNull();
        return o.text();
    }

    @Test
    void block_endsInMidStream_whereverPiecesAreCut() throws IOException {
        f.config.put("blocked", "secret, hidden");
        f.sessions.says("It is a Se", "cr", "et thing", " indeed");
        Outcome o = run("block");
        assertThat(o.text()).isEqualTo("It is a ");
        assertThat(o.result().reason()).isEqualTo(FinishReason.CONTENT_FILTER);
        f.sessions.says("A sec", "ond h", "id");
        assertThat(text("block")).isEqualTo("A second hid");
    }

    @Test
    void retrieval_putsNotesBeforeTheQuestion() throws IOException {
        assertThat(text("retrieval")).isEqualTo("Paris");
        assertThat(f.sessions.last().prompt().toString()).doesNotContain("notes");
        f.kv.set("note/ada".getBytes(StandardCharsets.UTF_8), "Ada was born in 1815.".getBytes(StandardCharsets.UTF_8));
        text("retrieval");
        assertThat(f.sessions.last().prompt().toString()).contains("Ada was born in 1815.").contains("When was Ada born?");
    }

    @Test
    void toolLoop_calculatesBetweenGenerations() throws IOException {
        f.sessions.answers(c -> c.prompt().toString().contains("=14") ? List.of("fourteen.") : List.of("calc(2+3*4)"));
        assertThat(text("tool-loop")).isEqualTo("calc(2+3*4)=14 fourteen.");
        assertThat(f.sessions.commands).hasSize(2);
    }

    @Test
    void toolCall_isHandedOn() throws IOException {
        f.sessions.says("tool: weather {\"city\":\"Rome\"}");
        assertThat(text("tool-call")).isEmpty();
        assertThat(f.notices).hasSize(1);
        assertThat(f.notices.getFirst()).startsWith("call call_").endsWith(" weather {\"city\":\"Rome\"}");
        f.sessions.says("tool: weather {broken}");
        assertThat(run("tool-call").code()).isEqualTo(ErrorCode.GUEST_FAILED);
        f.sessions.says("No tool is needed.");
        assertThat(text("tool-call")).isEqualTo("No tool is needed.");
    }

    @Test
    void bestOf_asksThreeTimesWithItsOwnSeeds() throws IOException {
        assertThat(text("best-of")).isEqualTo("Paris");
        assertThat(f.sessions.commands).extracting(c -> c.params().seed()).containsExactly(1L, 2L, 3L);
        assertThat(f.sessions.commands).allMatch(c -> c.params().logProbs() == 0);
    }

    @Test
    void classifier_isHeldToItsLabels() throws IOException {
        f.config.put("labels", "spam, ham");
        f.sessions.says("ham");
        assertThat(text("classifier")).isEqualTo("{\"label\":\"ham\",\"probability\":0.607}");
        assertThat(f.sessions.last().params().grammar()).isEqualTo("root ::= \"spam\" | \"ham\"");
    }

    @Test
    void userBudget_refusesWhoHasUsedIt() throws IOException {
        f.config.put("tokens_per_day", "15");
        assertThat(text("user-budget")).isEqualTo("Paris");
        assertThat(text("user-budget")).isEqualTo("Paris");
        assertThat(run("user-budget").error()).isInstanceOfSatisfying(GuestRefusal.class, r -> {
            assertThat(r.status()).isEqualTo(429);
            assertThat(r.reason()).isEqualTo("user_budget");
        });
        f.requestJson = f.requestJson.replace("ada\"", "bob\"");
        assertThat(text("user-budget")).as("another user").isEqualTo("Paris");
    }

    /** The meaning of a text is how often it has each of three letters. */
    private static final GuestOutside OUTSIDE = new GuestOutside() {
        @Override
        public float[] embed(int model, String text) {
            assertThat(model).isEqualTo(2);
            float[] v = {count(text, 'a'), count(text, 'o'), count(text, 'x')};
            float length = (float) Math.sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
            return length == 0 ? v : new float[]{v[0] / length, v[1] / length, v[2] / length};
        }

        private static float count(String text, char c) {
            return text.chars().filter(x -> x == c).count();
        }

        @Override
        public HttpReply http(HttpAsk ask) {
            asked.add(ask.json());
            if (ask.json().contains("Atlantis")) {
                throw new HttpTrouble(HttpTrouble.Kind.FAILED, "https://api.example.com/v1/weather: it cannot be connected to");
            }
            return new HttpReply(200, "{\"content-type\":\"text/plain\"}", "24 degrees".getBytes(StandardCharsets.UTF_8));
        }
    };
    private static final List<String> asked = new java.util.ArrayList<>();

    private static String asks(String question) throws IOException {
        f.requestJson = "{\"messages\":[{\"role\":\"user\",\"content\":\"" + question + "\"}]}";
        return text("semantic");
    }

    @Test
    void semantic_findsWhatIsNearInMeaning() throws IOException {
        f.config.put("encoder", "2");
        f.outside = OUTSIDE;
        assertThat(asks("remember: aaaa banana")).isEqualTo("Noted.");
        assertThat(asks("remember: ooo moon")).isEqualTo("Noted.");
        assertThat(asks("xx?")).isEqualTo("Paris");
        assertThat(f.sessions.last().prompt().toString()).doesNotContain("banana", "moon");
        assertThat(asks("Papaya?")).isEqualTo("Paris");
        assertThat(f.sessions.last().prompt().toString()).contains("banana").doesNotContain("moon");
    }

    @Test
    void routeByMeaning_asksTheModelOfTheNearestExample() throws IOException {
        f.config.put("encoder", "2");
        f.config.put("routes", "{\"0\":\"ooo\",\"1\":\"aaa\"}");
        f.outside = OUTSIDE;
        f.requestJson = "{\"messages\":[{\"role\":\"user\",\"content\":\"banana\"}]}";
        assertThat(text("route-by-meaning")).isEqualTo("Paris");
        assertThat(f.sessions.last().model().name()).isEqualTo("model-1");
        assertThat(f.kv.lives).containsEntry("route/ooo", 3600L);
        f.requestJson = f.requestJson.replace("banana", "moon");
        text("route-by-meaning");
        assertThat(f.sessions.last().model().name()).isEqualTo("model-0");
    }

    @Test
    void httpTool_goesOnWithWhatTheOtherMachineSays_orWithout() throws IOException {
        f.outside = OUTSIDE;
        asked.clear();
        f.sessions.answers(c -> c.prompt().toString().contains("weather") ? List.of("Warm.") : List.of("weather(Rome"));
        assertThat(text("http-tool")).isEqualTo("weather(Rome) = 24 degrees\nWarm.");
        assertThat(asked).containsExactly("{\"url\":\"https://api.example.com/v1/weather?city=Rome\"}");
        f.sessions.answers(c -> c.prompt().toString().contains("weather") ? List.of("Wet.") : List.of("weather(Atlantis"));
        assertThat(text("http-tool")).isEqualTo("weather(Atlantis) = no weather\nWet.");
    }

    @Test
    void nightly_sumsUpWhatWasAsked_forAnswersAfterIt() throws IOException {
        assertThat(text("nightly")).isEqualTo("Paris");
        assertThat(f.sessions.last().prompt().toString()).doesNotContain("usually");
        f.schedule = "summary";
        assertThat(text("nightly")).isEmpty();
        assertThat(f.sessions.last().prompt().toString()).contains("When was Ada born?");
        f.schedule = null;
        text("nightly");
        assertThat(f.sessions.last().prompt().toString()).contains("What people usually ask: Paris");
        assertThat(f.kv.lives.values()).contains(604_800L);
    }

    @Test
    void progress_tellsItsSteps() throws IOException {
        assertThat(text("progress")).isEqualTo("Paris");
        assertThat(f.notices).containsExactly("event progress {\"step\":\"outline\"}",
                "event progress {\"step\":\"text\",\"outline\":5}");
    }

    @Test
    void jsonPart_isHeldToASchema_theTextIsNot() throws IOException {
        f.sessions.answers(c -> c.params().jsonSchema() == null ? List.of("Fine.") : List.of("{\"mood\":\"good\"}"));
        assertThat(text("json-part")).isEqualTo("Fine.\n{\"mood\":\"good\"}");
        assertThat(f.sessions.commands.getFirst().params().jsonSchema()).isNull();
    }
}
