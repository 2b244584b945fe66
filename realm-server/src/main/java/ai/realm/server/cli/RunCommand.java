package ai.realm.server.cli;

import ai.realm.core.chat.ChatTemplate;
import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.guest.Guests;
import ai.realm.runtime.InferenceRuntime;
import ai.realm.runtime.RuntimeOptions;
import ai.realm.runtime.guest.GuestCall;
import ai.realm.runtime.guest.GuestHost;
import ai.realm.runtime.guest.GuestHostOptions;
import ai.realm.runtime.guest.GuestLimits;
import ai.realm.runtime.guest.GuestModule;
import ai.realm.runtime.guest.GuestResult;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.store.ModelLease;
import ai.realm.runtime.store.ModelSource;

import ai.realm.server.http.inference.ChatPrompt;
import ai.realm.server.http.json.Json;
import ai.realm.server.tenant.MemoryKvStore;
import ai.realm.server.domain.Tenant;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code realm run}: one question, answered on the terminal as it is generated, through a guest like every request. */
@Command(name = "run", description = "Answers one prompt on the terminal.")
@SuppressWarnings("NullAway.Init")
public final class RunCommand implements Callable<Integer> {
    private static final Duration DEADLINE = Duration.ofHours(1);

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "PROMPT", description = "What to ask; - reads it from standard input")
    private String prompt;

    @Option(names = "--model", paramLabel = "NAME|FILE", description = "A model of the catalogue or a GGUF file (default: the embedded one)")
    private @Nullable String model;

    @Option(names = "--guest", paramLabel = "FILE.wasm", description = "The guest to run it in (default: the one that passes all through)")
    private @Nullable Path guest;

    @Option(names = "--max-tokens", paramLabel = "N", defaultValue = "256", description = "Tokens to generate at most (default: 256)")
    private int maxTokens;

    @Option(names = "--temperature", paramLabel = "T", defaultValue = "0", description = "0 always takes the likeliest token (default: 0)")
    private float temperature;

    @Option(names = "--seed", paramLabel = "N", description = "Repeats the same choices at a temperature above 0")
    private @Nullable Long seed;

    @Option(names = "--setting", paramLabel = "KEY=VALUE", description = "A setting that the guest reads with realm_host_config; may be repeated")
    private Map<String, String> settings = Map.of();

    @Option(names = "--raw", description = "The prompt as it is, without the model's chat template")
    private boolean raw;

    @Option(names = "--json", description = "Print one JSON object at the end, instead of text as it comes")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        SamplingParams params = params();
        String text = prompt.equals("-") ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8) : prompt;
        ModelChoice choice = ModelChoice.of(model);
        byte[] wasm = guest == null ? Guests.load(Tenant.DEFAULT_GUEST) : GuestCommand.read(guest);
        List<ModelSource> sources = List.of(new ModelSource(choice.name(), choice.entry().file(), choice.entry().sha256(), 0));
        try (InferenceRuntime runtime = InferenceRuntime.start(RuntimeOptions.of(sources));
                GuestHost host = GuestHost.start(runtime.sessions(), GuestHostOptions.defaults())) {
            return run(runtime, host, choice, wasm, text, params);
        }
    }

    private SamplingParams params() {
        try {
            return SamplingParams.defaults().toBuilder().maxTokens(maxTokens).temperature(temperature).seed(seed).build();
        } catch (RealmException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }

    private int run(InferenceRuntime runtime, GuestHost host, ModelChoice choice, byte[] wasm, String text,
            SamplingParams params) {
        PrintWriter out = spec.commandLine().getOut();
        String name = choice.name();
        GuestLimits d = GuestLimits.defaults();
        GuestLimits limits = new GuestLimits(d.memoryPages(), d.tableElements(), d.stackBytes(), DEADLINE, d.cpuTime(),
                d.generations(), Math.max(d.generatedTokens(), params.maxTokens()), 64 << 20, d.logLines(), d.kvBytes(),
                d.kvUpdates(), 1,
                d.moduleBytes(), d.compileTime(), d.outside(), d.sequences());
        GuestModule module = host.register(wasm, limits);
        try (ModelLease lease = runtime.models().lease(name, DEADLINE)) {
            ChatTemplate template = lease.chatTemplate();
            String whole = raw || template == null || template.standsIn()
                    ? text
                    : ChatPrompt.ofUser(text, choice.entry().system(), lease);
            RequestContext context = new RequestContext("run", "local", System.nanoTime() + DEADLINE.toNanos());
            String request = new String(Json.bytes(Map.of("model", name, "request_id", "run")), StandardCharsets.UTF_8);
            GuestCall call = new GuestCall(context, whole, null, true, params, true, request, id -> {
                if (id == 0) {
                    return runtime.models().lease(name, DEADLINE);
                }
                throw new RealmException(ErrorCode.MODEL_NOT_FOUND, "there is only model 0 here");
            }, settings, new MemoryKvStore(limits.kvBytes()), Priority.INTERACTIVE);
            StringBuilder answer = new StringBuilder();
            GuestResult result = host.run(module, call, limits, piece -> {
                if (json) {
                    answer.append(piece);
                } else {
                    out.print(piece);
                    out.flush();
                }
            });
            report(out, answer, result);
            return 0;
        }
    }

    private void report(PrintWriter out, StringBuilder answer, GuestResult result) {
        if (json) {
            out.println(new String(Json.bytes(Map.of("text", answer.toString(), "finish_reason",
                    result.reason().name().toLowerCase(Locale.ROOT), "prompt_tokens", result.usage().promptTokens(),
                    "completion_tokens", result.usage().generatedTokens())), StandardCharsets.UTF_8));
        } else {
            out.println(result.reason() == FinishReason.LENGTH ? " …" : "");
        }
        out.flush();
    }
}
