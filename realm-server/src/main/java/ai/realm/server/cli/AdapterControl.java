package ai.realm.server.cli;

import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code realm models adapters}: the LoRA adapters of a running server's models. */
@Command(name = "adapters", description = "The LoRA adapters of a running server's models: without a command below, all of them.", subcommands = {
        AdapterControl.Add.class, AdapterControl.Remove.class})
@SuppressWarnings("NullAway.Init")
final class AdapterControl extends ModelControl {
    @Override
    public Integer call() throws IOException, InterruptedException {
        ObjectNode adapters = Json.mapper().createObjectNode();
        for (JsonNode model : admin.call("GET", MODELS, "").path("data")) {
            if (model.has("adapter_of")) {
                adapters.withArray("/data").add(model);
            }
        }
        return print(adapters.withArray("/data"));
    }

    /** {@code realm models adapters add}. */
    @Command(name = "add", description = "Makes a GGUF file an adapter of a model: requests name it MODEL:ADAPTER. One of that name is replaced without a request that "
            + "fails. Tenants get it with ./realm tenants set TENANT --models.")
    static final class Add extends ModelControl {
        @Parameters(index = "0", paramLabel = "MODEL")
        private String model;

        @Parameters(index = "1", paramLabel = "ADAPTER", description = "What requests call it after the model's name and a colon")
        private String adapter;

        @Parameters(index = "2", paramLabel = "FILE", description = "A GGUF file on the server's machine, as convert_lora_to_gguf.py writes it")
        private Path file;

        @Option(names = "--scale", defaultValue = "1", description = "How strongly it counts (default: 1, as it was trained)")
        private double scale;

        @Option(names = "--sha256", description = "The file's SHA-256, verified before each load")
        private @Nullable String sha256;

        @Override
        public Integer call() throws IOException, InterruptedException {
            ObjectNode json = Json.mapper().createObjectNode().put("name", model + ":" + adapter).put("adapter_of", model)
                    .put("file", file.toAbsolutePath().normalize().toString()).put("scale", scale);
            if (sha256 != null) {
                json.put("sha256", sha256);
            }
            return print(admin.call("POST", MODELS, json.toString()));
        }
    }

    /** {@code realm models adapters remove}. */
    @Command(name = "remove", description = "Forgets an adapter that was added to a running server; the file stays, and requests that use it end as usual.")
    static final class Remove extends ModelControl {
        @Parameters(index = "0", paramLabel = "MODEL")
        private String model;

        @Parameters(index = "1", paramLabel = "ADAPTER")
        private String adapter;

        @Override
        public Integer call() throws IOException, InterruptedException {
            return print(admin.call("DELETE", path(model + ":" + adapter), ""));
        }
    }
}
