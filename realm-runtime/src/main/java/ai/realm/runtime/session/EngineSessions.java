package ai.realm.runtime.session;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.sampling.Chooser;
import ai.realm.core.sampling.Drafts;
import ai.realm.core.sampling.LookupDrafts;
import ai.realm.core.sampling.Sampler;
import ai.realm.core.sampling.SamplerChooser;
import ai.realm.core.sampling.Samplers;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.sampling.Scorer;
import ai.realm.core.sampling.grammar.Grammar;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Vocab;
import ai.realm.runtime.engine.Engine;
import ai.realm.runtime.engine.EngineOptions;
import ai.realm.runtime.scheduler.SequenceSpec;
import ai.realm.runtime.loading.ServedModel;
import ai.realm.runtime.scheduler.TokenQueue;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.GenerateCommand.Prompt;
import ai.realm.runtime.session.GenerateCommand.TextPrompt;
import ai.realm.runtime.session.GenerateCommand.TokenPrompt;
import ai.realm.runtime.store.AdapterUse;
import ai.realm.runtime.store.CountedLease;
import ai.realm.runtime.store.ModelLease;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Opens sessions on the engine of a leased model: all that can be done on the caller's thread is done there. */
public final class EngineSessions implements SessionFactory {
    /** How far the engine may run ahead of a reader that looks for stop strings. */
    private static final int UNREAD_WITH_STOPS = 8;

    @Override
    public InferenceSession open(GenerateCommand command) {
        return openAll(command, 1).getFirst();
    }

    @Override
    public List<InferenceSession> openAll(GenerateCommand command, int n) {
        RequestContext context = command.context();
        context.check();
        ServedModel model = served(command.model());
        Tokenizer tokenizer = tokenizer(model, command.model());
        SamplingParams params = command.params();
        checkStops(params, tokenizer.vocab());
        int[] prompt = promptIds(command.prompt(), tokenizer);
        checkLength(prompt, model.contextLength(), context.contextLimit());
        Grammar grammar = model.grammars().get(context.tenantId(), params, tokenizer.vocab());
        long owed = model.grammars().takeOwed(context.tenantId());
        try {
            return submit(command, n, model, tokenizer, prompt, grammar, owed);
        } catch (RuntimeException | Error e) {
            // nothing was submitted that could pay
            model.grammars().owe(context.tenantId(), owed);
            throw e;
        }
    }

    @Override
    public TokenSequence openTokens(TokenCommand command) {
        command.context().check();
        ServedModel model = served(command.model());
        Tokenizer tokenizer = tokenizer(model, command.model());
        checkStops(command.params(), tokenizer.vocab());
        Grammar first = model.grammars().get(command.context().tenantId(), command.params(), tokenizer.vocab());
        return new EngineTokens(command, model, tokenizer, endTokens(command.params(), tokenizer.vocab()),
                adapter(command.model(), command.params()), first);
    }

    @Override
    public Grammar grammar(RequestContext context, ModelLease lease, SamplingParams params) {
        ServedModel model = served(lease);
        Grammar made = model.grammars().get(context.tenantId(), params, tokenizer(model, lease).vocab());
        if (made == null) {
            throw new IllegalArgumentException("the parameters have no grammar");
        }
        return made;
    }

    private static Tokenizer tokenizer(ServedModel model, ModelLease lease) {
        Tokenizer tokenizer = model.tokenizer();
        if (tokenizer == null) {
            throw new RealmException(ErrorCode.NO_TOKENIZER, "the model " + lease.name() + " has no tokenizer");
        }
        return tokenizer;
    }

    private static List<InferenceSession> submit(GenerateCommand command, int n, ServedModel model, Tokenizer tokenizer,
            int[] prompt, @Nullable Grammar grammar, long owed) {
        RequestContext context = command.context();
        SamplingParams params = command.params();
        Engine engine = model.engine();
        List<SequenceSpec> specs = new ArrayList<>();
        List<TokenQueue> queues = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            specs.add(spec(command, model, prompt, chooser(command, i, model, prompt, tokenizer, grammar, i == 0 ? owed : 0)));
            queues.add(new TokenQueue(unread(params, engine.options())));
        }
        context.reached(5, "session");
        return engine.submit(specs, queues).stream().<InferenceSession>map(s -> new EngineSession(context, engine, s,
                tokenizer.detokenizer(params.shownTokens()), new StopMatcher(params.stopStrings()), params.maxTokens() == 0))
                .toList();
    }

    private static SequenceSpec spec(GenerateCommand command, ServedModel model, int[] prompt, Chooser chooser) {
        RequestContext context = command.context();
        Engine engine = model.engine();
        AdapterUse adapter = adapter(command.model(), command.params());
        return new SequenceSpec(context.requestId(), context.tenantId(), context.weight(), command.priority() == Priority.BATCH,
                prompt, Math.min(Math.max(1, command.params().maxTokens()), context.contextLimit() - prompt.length),
                engine.now() + context.remainingNanos(), chooser,
                // Keys and values of a prefix that all share are the model's alone.
                adapter == null ? model.sharedBlocks(prompt) : 0, context.isWarmUp(), context::reached,
                adapter == null ? null : adapter.use(), adapter == null ? "" : adapter.salt());
    }

    /** What the parameters ask for; the prompt is scored once, with the first of its answers. */
    private static Chooser chooser(GenerateCommand command, int index, ServedModel model, int[] prompt, Tokenizer tokenizer,
            @Nullable Grammar grammar, long owed) {
        SamplingParams params = command.params();
        Long seed = params.seed();
        int choice = command.choice() + index;
        SamplingParams own = choice == 0 || seed == null ? params : params.toBuilder().seed(seed + choice).build();
        Sampler sampler = Samplers.create(own, model.config().vocabSize(), prompt, tokenizer, grammar);
        Chooser chooser = new SamplerChooser(sampler, endTokens(params, tokenizer.vocab()), drafts(model, sampler, prompt), owed);
        return index > 0 || params.promptLogProbs() == SamplingParams.NO_LOG_PROBS
                ? chooser
                : new Scorer(prompt.length, params.promptLogProbs(), chooser);
    }

    private static @Nullable AdapterUse adapter(ModelLease model, SamplingParams params) {
        AdapterUse adapter = model instanceof CountedLease lease ? lease.adapter() : null;
        return adapter == null ? null : adapter.scaled(params.extras().adapterScale());
    }

    private static @Nullable Drafts drafts(ServedModel model, Sampler sampler, int[] prompt) {
        if (!model.engine().options().drafts()) {
            return null;
        }
        Drafts forced = sampler.forced();
        Drafts lookup = new LookupDrafts(prompt);
        return forced == null ? lookup : Drafts.firstOf(List.of(forced, lookup));
    }

    private static ServedModel served(ModelLease leased) {
        if (leased instanceof CountedLease lease && lease.model() instanceof ServedModel model) {
            return model;
        }
        if (leased.isEncoder()) {
            throw RealmException.badParam("model",
                    "the model " + leased.name() + " makes embeddings and cannot generate text");
        }
        throw new IllegalArgumentException("a session needs a lease of the model store, not " + leased.getClass());
    }

    private static int unread(SamplingParams params, EngineOptions options) {
        return params.stopStrings().isEmpty() ? options.unreadTokens() : Math.min(UNREAD_WITH_STOPS, options.unreadTokens());
    }

    private static void checkStops(SamplingParams params, Vocab vocab) {
        for (int id : params.stopTokens()) {
            if (id < 0 || id >= vocab.size()) {
                throw RealmException.badParam("stop_token_ids",
                        "a stop token must be an id below " + vocab.size() + ", not " + id);
            }
        }
        if (params.stopStrings().contains("")) {
            throw RealmException.badParam("stop", "a stop string must not be empty");
        }
    }

    private static int[] promptIds(Prompt prompt, Tokenizer tokenizer) {
        return switch (prompt) {
            case TextPrompt t -> t.ids(tokenizer);
            case TokenPrompt t -> {
                TokenPrompt.check(t.ids(), tokenizer.vocab().size(), "prompt", "the prompt");
                yield t.ids().clone();
            }
        };
    }

    private static void checkLength(int[] prompt, int contextLength, int tenantLimit) {
        if (prompt.length == 0) {
            throw new RealmException(ErrorCode.EMPTY_PROMPT, "the prompt must have at least 1 token");
        }
        int most = Math.min(contextLength, tenantLimit);
        if (prompt.length >= most) {
            throw new RealmException(ErrorCode.CONTEXT_LENGTH_EXCEEDED, "the prompt has " + prompt.length
                    + " tokens and must leave room in the " + (most < contextLength ? "tenant's limit" : "model's context")
                    + " of " + most, "prompt", null);
        }
    }

    private static Set<Integer> endTokens(SamplingParams params, Vocab vocab) {
        Set<Integer> ids = new HashSet<>(vocab.endOfGenerationIds());
        ids.addAll(params.stopTokens());
        return Set.copyOf(ids);
    }
}
