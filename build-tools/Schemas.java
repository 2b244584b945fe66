import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/**
 * Writes a JSON schema for each kind of Kubernetes object, as kubeconform reads them, from Kubernetes' own description of its API and
 * from definitions of custom resources: {@code Schemas.java OUT swagger.json CRD.yaml…}. What a schema does not name is an error.
 */
public final class Schemas {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
    private static final String REF = "#/definitions/";

    private final Path out;
    private int written;

    private Schemas(Path out) {
        this.out = out;
    }

    public static void main(String[] args) throws IOException {
        Schemas schemas = new Schemas(Path.of(args[0]));
        schemas.swagger(Path.of(args[1]));
        for (int i = 2; i < args.length; i++) {
            schemas.customResources(Path.of(args[i]));
        }
        System.out.println("schemas of " + schemas.written + " kinds");
    }

    private void write(String group, String version, String kind, JsonNode schema) throws IOException {
        Path folder = out.resolve(group.isEmpty() ? version : group);
        Files.createDirectories(folder);
        JSON.writeValue(folder.resolve(kind.toLowerCase(Locale.ROOT) + "_" + version + ".json").toFile(), schema);
        written++;
    }

    private void swagger(Path file) throws IOException {
        ObjectNode definitions = (ObjectNode) JSON.readTree(file.toFile()).path("definitions");
        definitions.forEach(Schemas::strict);
        // What is written as text or as a number.
        ObjectNode either = (ObjectNode) JSON.readTree("{\"type\": [\"string\", \"number\"]}");
        definitions.set("io.k8s.apimachinery.pkg.util.intstr.IntOrString", either);
        definitions.set("io.k8s.apimachinery.pkg.api.resource.Quantity", either);
        definitions.properties().forEach(d -> {
            for (JsonNode gvk : d.getValue().path("x-kubernetes-group-version-kind")) {
                ObjectNode schema = ((ObjectNode) d.getValue()).deepCopy();
                ObjectNode needed = schema.putObject("definitions");
                reached(definitions, d.getValue()).forEach(name -> needed.set(name, definitions.get(name)));
                try {
                    write(gvk.path("group").asText(), gvk.path("version").asText(), gvk.path("kind").asText(), schema);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        });
    }

    private static TreeSet<String> reached(JsonNode definitions, JsonNode from) {
        TreeSet<String> all = new TreeSet<>();
        List<JsonNode> open = new ArrayList<>(List.of(from));
        while (!open.isEmpty()) {
            for (String ref : open.removeLast().findValuesAsText("$ref")) {
                String name = ref.startsWith(REF) ? ref.substring(REF.length()) : "";
                // A kind may have a property of that name.
                if (!name.isEmpty() && all.add(name)) {
                    open.add(definitions.get(name));
                }
            }
        }
        return all;
    }

    private void customResources(Path file) throws IOException {
        for (JsonNode document : YAML.readerFor(JsonNode.class).<JsonNode>readValues(file.toFile()).readAll()) {
            if (!document.path("kind").asText().equals("CustomResourceDefinition")) {
                continue;
            }
            JsonNode spec = document.path("spec");
            for (JsonNode version : spec.path("versions")) {
                ObjectNode schema = (ObjectNode) version.at("/schema/openAPIV3Schema");
                strict(schema);
                ((ObjectNode) schema.path("properties").path("metadata")).remove("additionalProperties");
                write(spec.path("group").asText(), version.path("name").asText(), spec.at("/names/kind").asText(), schema);
            }
        }
    }

    /** Forbids what is not named, wherever names are given. */
    private static void strict(JsonNode schema) {
        if (schema instanceof ObjectNode o) {
            if (o.path("x-kubernetes-int-or-string").asBoolean()) {
                o.remove(List.of("anyOf", "type", "pattern"));
                ArrayNode types = o.putArray("type");
                types.add("string").add("integer");
            } else if (o.path("properties").isObject() && !o.path("properties").isEmpty() && !o.has("additionalProperties")
                    && !o.path("x-kubernetes-preserve-unknown-fields").asBoolean()) {
                o.put("additionalProperties", false);
            }
            // Go's regular expressions and cost hints are no part of what is checked here.
            o.remove(List.of("x-kubernetes-validations", "format"));
        }
        for (String part : List.of("properties", "definitions")) {
            schema.path(part).forEach(Schemas::strict);
        }
        for (String part : List.of("items", "additionalProperties")) {
            if (schema.path(part).isObject()) {
                strict(schema.path(part));
            }
        }
    }
}
