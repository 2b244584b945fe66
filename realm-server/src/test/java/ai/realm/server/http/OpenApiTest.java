package ai.realm.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import ai.realm.server.http.inference.SamplerTable;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The description that the server gives of itself, the router and the page in docs say the same. */
class OpenApiTest {
    private final HttpFixture f = new HttpFixture();

    @AfterEach
    void close() {
        f.close();
    }

    private JsonNode document() {
        return HttpFixture.json(f.get("/openapi.json").body());
    }

    private static Set<String> described(JsonNode document) {
        Set<String> all = new TreeSet<>();
        document.path("paths").properties()
                .forEach(p -> p.getValue().properties().forEach(m -> all.add(m.getKey().toUpperCase() + " " + p.getKey())));
        return all;
    }

    private static String page() throws IOException {
        Path root = Path.of(System.getProperty("maven.multiModuleProjectDirectory", ".."));
        return Files.readString(root.resolve("docs/http-api.md"));
    }

    @Test
    void document_andRouter_haveTheSameRoutes() {
        Set<String> routed = new TreeSet<>(f.server.routes());
        routed.removeIf(r -> r.contains(" /admin") || r.contains(" /metrics") || r.contains(" /page") || r.equals("GET /"));
        assertThat(described(document())).isEqualTo(routed);
    }

    @Test
    void document_everyReference_isThere() {
        JsonNode document = document();
        assertThat(document.findValuesAsText("$ref"))
                .allSatisfy(ref -> assertThat(document.at(ref.substring(1)).isObject()).as(ref).isTrue());
        assertThat(document.path("openapi").asText()).startsWith("3.1");
        assertThat(document.at("/components/schemas/Chat/properties/xtc_probability/maximum").asDouble()).isEqualTo(1);
    }

    @Test
    void page_namesEveryRouteStatusAndSampler() throws IOException {
        String page = page();
        for (String path : described(document()).stream().map(r -> r.substring(r.indexOf(' ') + 1)).toList()) {
            String shown = path.replaceAll("\\{.*", "").replaceAll("/$", "");
            String last = shown.substring(shown.lastIndexOf('/') + 1);
            assertThat(page).as(path).contains(last);
        }
        ApiDescription.statuses().stream().filter(s -> s != 200).forEach(s -> assertThat(page).contains(String.valueOf(s)));
        SamplerTable.ENTRIES.forEach(e -> e.names().forEach(n -> assertThat(page).as(n).contains("`" + n + "`")));
    }
}
