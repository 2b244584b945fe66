package ai.realm.core.chat;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Templates broken at random: whatever they are, they render or fail as a template does. */
class ChatTemplatesMutationTest {
    private static final String[] PIECES = {"{{", "}}", "{%", "%}", "{#", "#}", "-", "|", "(", ")", "[", "]", "{", "}", "'", "\"",
            ".",
            ",", ":", "~", "**", " if ", " else ", " for ", " in ", " is ", " not ", "loop", "1", "9999999999", "0.5", "\\", "\n",
            "é",
            "\ud83d", "namespace(", "range(9", "endfor", "endif", "set ", "macro ", "recursive", "\u0000"};

    @Test
    void compile_randomMutations_renderOrFailAsTemplates() throws IOException {
        List<String> seeds = new ArrayList<>();
        JsonNode golden;
        try (InputStream in = getClass().getResourceAsStream("/chat/jinja-cases.json")) {
            golden = new ObjectMapper().readTree(in);
        }
        golden.get("cases").forEach(c -> seeds.add(c.get("template").asText()));
        Random random = new Random(20260102);
        Map<String, Object> variables = Map.of("xs", List.of(3, 1, 2), "s", "text", "n", 7, "d", Map.of("a", 1), "messages",
                List.of(Map.of("role", "user", "content", "hi")));
        int rendered = 0;
        for (int i = 0; i < 20_000; i++) {
            String template = mutate(random, seeds);
            try {
                ChatTemplates.compile(template).render(variables);
                rendered++;
            } catch (RealmException e) {
                assertThat(e.code()).as(template).isEqualTo(ErrorCode.TEMPLATE_FAILED);
            } catch (RuntimeException | StackOverflowError e) {
                throw new AssertionError("not a template's failure: " + template, e);
            }
        }
        assertThat(rendered).isGreaterThan(1000);
    }

    private static String mutate(Random random, List<String> seeds) {
        StringBuilder s = new StringBuilder(seeds.get(random.nextInt(seeds.size())));
        if (random.nextInt(4) == 0) {
            s.append(seeds.get(random.nextInt(seeds.size())));
        }
        for (int n = random.nextInt(4); n >= 0; n--) {
            int at = random.nextInt(s.length() + 1);
            int to = Math.min(s.length(), at + 1 + random.nextInt(4));
            switch (random.nextInt(4)) {
                case 0 -> s.delete(at, to);
                case 1 -> s.insert(at, PIECES[random.nextInt(PIECES.length)]);
                case 2 -> s.insert(at, s.substring(at, to));
                default -> s.replace(at, to, PIECES[random.nextInt(PIECES.length)]);
            }
        }
        return s.toString();
    }
}
