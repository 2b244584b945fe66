package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.FinishReason;
import ai.realm.runtime.session.Usage;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * One request in a guest: what it was given, what it has used of its limits, and what went wrong last. Belongs to the guest's
 * thread.
 */
final class GuestRun implements BudgetedMemory.Owner, GuestTask.Failure {
    private final CompiledGuest guest;
    private final GuestCode code;
    private final GuestCall call;
    private final GuestLimits limits;
    private final Supervision supervision;
    private final AnswerStream answer;
    private final GenOptions options;
    private final GuestLog log;
    private final TokenRecords pieces = new TokenRecords();
    private final GuestListener listener;

    private Phase phase = Phase.INITIALIZE;
    private int generations;
    private int updates;
    private Usage usage = Usage.NONE;
    private FinishReason reason = FinishReason.STOP;
    private @Nullable FinishReason said;
    private Usage lastUsage = Usage.NONE;
    private final HostAnswer.Notices notices;
    private byte[] lastResult = new byte[0];
    private String lastError = "";
    private @Nullable RealmException cause;
    /** Why the guest did not get the memory that it asked for; counts when nothing else explains its failure. */
    private @Nullable RealmException memoryCause;
    private boolean resultWaits;
    private final Set<GuestLimit> reached = ConcurrentHashMap.newKeySet();

    /** What the guest's code is doing, which decides what it may ask of the host. */
    enum Phase {
        INITIALIZE("_initialize"),
        ALLOC("realm_alloc or realm_free"),
        GENERATE("generate"),
        ON_TOKEN("on_token"),
        ON_STEP("on_step");

        private final String code;

        Phase(String code) {
            this.code = code;
        }

        String code() {
            return code;
        }
    }

    GuestRun(CompiledGuest guest, GuestCode code, GuestCall call, GuestLimits limits, Supervision supervision,
            AnswerStream answer,
            HostAnswer.Notices notices, GuestListener listener, GuestLines lines) {
        this.guest = guest;
        this.code = code;
        this.call = call;
        this.limits = limits;
        this.supervision = supervision;
        this.answer = answer;
        this.notices = notices;
        this.listener = listener;
        int stream = call.stream() || guest.facts().seesTokens() ? GenOptions.STREAM : 0;
        int special = call.parseSpecial() ? GenOptions.PARSE_SPECIAL : 0;
        this.options = new GenOptions(call.params(), stream | special, guest.abiVersion());
        this.log = new GuestLog(call.context(), guest.digest(), limits.logLines(), lines);
    }

    GuestCode code() {
        return code;
    }

    CompiledGuest guest() {
        return guest;
    }

    GuestCall call() {
        return call;
    }

    GuestLimits limits() {
        return limits;
    }

    Supervision supervision() {
        return supervision;
    }

    AnswerStream answer() {
        return answer;
    }

    GenOptions options() {
        return options;
    }

    TokenRecords pieces() {
        return pieces;
    }

    GuestLog log() {
        return log;
    }

    Phase phase() {
        return phase;
    }

    /** Sets the phase and gives the one before. */
    Phase enter(Phase next) {
        Phase before = phase;
        phase = next;
        return before;
    }

    /** Whether pieces of a generation go to the client as they come. */
    boolean delivers(GenOptions.Chosen chosen) {
        return chosen.stream() && (call.stream() || guest.facts().seesTokens());
    }

    /** Counts a generation; returns the tokens that it may still use. */
    int beginGeneration() {
        if (generations >= limits.generations()) {
            throw new AbiException(GuestLimit.GENERATIONS.reached(limits.generations(), generations + 1L));
        }
        int left = limits.generatedTokens() - usage.generatedTokens();
        if (left < 1) {
            throw new AbiException(GuestLimit.GENERATED_TOKENS.reached(limits.generatedTokens(), usage.generatedTokens()));
        }
        generations++;
        return left;
    }

    /** A generation has ended whose sequence was counted as it went. */
    void stepped(FinishReason how, Usage before, byte[] result) {
        reason = how;
        lastUsage = new Usage(usage.promptTokens() - before.promptTokens(), usage.cachedTokens() - before.cachedTokens(),
                usage.generatedTokens() - before.generatedTokens());
        if (usage.generatedTokens() >= limits.generatedTokens()) {
            reached(GuestLimit.GENERATED_TOKENS);
        }
        lastResult = result;
    }

    /** Counts what a sequence used. */
    void used(Usage more) {
        usage = usage.plus(more);
        lastUsage = more;
    }

    int generations() {
        return generations;
    }

    void endGeneration(FinishReason how, Usage used, byte[] result) {
        reason = how;
        usage = usage.plus(used);
        lastUsage = used;
        if (usage.generatedTokens() >= limits.generatedTokens()) {
            reached(GuestLimit.GENERATED_TOKENS);
        }
        lastResult = result;
    }

    /** What {@code realm_host_result} gives from now on. */
    void keepResult(byte[] result) {
        lastResult = result;
    }

    /** The guest's own word on how the answer ended. */
    void finish(FinishReason how) {
        said = how;
    }

    Usage usage() {
        return usage;
    }

    Usage lastUsage() {
        return lastUsage;
    }

    HostAnswer.Notices notices() {
        return notices;
    }

    byte[] lastResult() {
        return lastResult;
    }

    String lastError() {
        return lastError;
    }

    /** Counts an update of the store that goes to the database. */
    void beginUpdate() {
        if (updates >= limits.kvUpdates()) {
            throw new AbiException(GuestLimit.KV_UPDATES.reached(limits.kvUpdates(), updates + 1L));
        }
        updates++;
    }

    /** Remembers why a host call failed. A key that does not exist, or has another value, is an answer, not a cause. */
    void failed(AbiException e, String function) {
        resultWaits = e.error() == AbiError.RESULT_TOO_LARGE;
        if (e.origin() instanceof GuestLimitException limit) {
            reached(limit.limit());
        }
        lastError = function + " failed (" + e.error().code() + "): " + e.getMessage();
        if (e.error() != AbiError.NO_SUCH_KEY && e.error() != AbiError.STALE) {
            RealmException origin = e.origin();
            cause = origin.code() == ErrorCode.GUEST_FAILED
                    ? new RealmException(ErrorCode.GUEST_FAILED, "the guest failed after " + lastError)
                    : origin;
        }
    }

    /** A result that was too large for the guest's buffer has been fetched. */
    void fetched() {
        if (resultWaits) {
            recovered();
        }
    }

    /** A generation went well, so what failed before is no longer why the request fails. */
    void recovered() {
        cause = null;
    }

    @Override
    public String tenant() {
        return call.context().tenantId();
    }

    @Override
    public void waiting(boolean now) {
        supervision.waiting(now);
    }

    /** The guest asked for more memory than it may have, which is no failure yet. */
    @Override
    public void refused(long pages, boolean own) {
        if (own) {
            reached(GuestLimit.MEMORY_PAGES);
        }
        memoryCause = own
                ? GuestLimit.MEMORY_PAGES.reached(limits.memoryPages(), pages)
                : new RealmException(ErrorCode.OVERLOADED, "the memory of guests is in use, and this tenant has its share of it");
    }

    /**
     * What the client is told: the last host error that was not recovered from, or memory that was refused, or else what the guest
     * itself did.
     */
    RealmException failure(String whatTheGuestDid, @Nullable Throwable thrown) {
        RealmException c = cause != null ? cause : memoryCause;
        if (c != null) {
            return new RealmException(c.code(), String.valueOf(c.getMessage()), c.param(), c);
        }
        return new RealmException(ErrorCode.GUEST_FAILED, "the guest failed: " + whatTheGuestDid, thrown);
    }

    @Override
    public RealmException because(String whatTheGuestDid, @Nullable Throwable thrown) {
        return failure(whatTheGuestDid, thrown);
    }

    /** Where the guest was, for its author: in the log, whatever the client is told. */
    @Override
    public String where(Throwable thrown) {
        String at = GuestTrace.of(thrown, code.symbols());
        if (at.isEmpty()) {
            return "";
        }
        String export = phase == Phase.GENERATE && call.schedule() != null ? "on_schedule" : phase.code();
        String where = "in export " + export + ": " + at;
        log.stopped(GuestCompiler.describe(thrown), where);
        return where;
    }

    /** Counts a limit, once a request however often the guest runs into it; on any thread. */
    void reached(GuestLimit limit) {
        if (reached.add(limit)) {
            listener.limitReached(call.context().tenantId(), limit);
        }
    }

    GuestResult result() {
        return new GuestResult(said != null ? said : reason, usage, generations);
    }
}
