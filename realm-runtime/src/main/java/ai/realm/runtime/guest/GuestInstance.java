package ai.realm.runtime.guest;

import static ai.realm.runtime.guest.GuestMemory.unsigned;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.RequestContext;
import ai.realm.runtime.session.SessionFactory;
import com.dylibso.chicory.runtime.Instance;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One instance of a guest for one request: made, given its prompt and options, called, read, thrown away. Lives on the guest's
 * thread.
 */
final class GuestInstance implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GuestInstance.class);
    private static final int ALIGN = 8;

    private final GuestRun run;
    private final ModuleGate.Facts facts;
    private final HostFunctions host;
    private @Nullable BudgetedMemory pages;
    private @Nullable Instance made;
    private @Nullable GuestMemory view;

    GuestInstance(GuestRun run, SessionFactory sessions) {
        this.run = run;
        this.facts = run.guest().facts();
        HostSequences steered = new HostSequences(run, sessions);
        TokenHooks hooks = new TokenHooks(run, this);
        this.host = new HostFunctions(run, new HostGenerate(run, sessions, hooks, steered), steered);
    }

    void create(InstanceFactory factory) {
        Instance instance = factory.create(run.code(), run.limits(), host.importValues(), run, m -> pages = m);
        made = instance;
        view = new GuestMemory(instance.memory());
    }

    GuestMemory memory() {
        return Objects.requireNonNull(view, "create comes first");
    }

    /** Gives the memory back; every request closes its instance, however it ended. */
    @Override
    public void close() {
        host.end();
        if (pages != null) {
            pages.close();
        }
    }

    /** The whole request; on return everything that the client gets has been sent. */
    void answer() {
        logStep();
        if (facts.initialize() && run.code().snapshot() == null) {
            export("_initialize");
        }
        String schedule = run.call().schedule();
        if (schedule != null) {
            scheduled(schedule);
            return;
        }
        byte[] prompt = Text.utf8(run.call().prompt() + "\0");
        long promptPtr = allocate(prompt.length);
        memory().write(promptPtr, prompt, "prompt");
        int optionsSize = run.options().encode(0).length;
        long optionsPtr = allocate(optionsSize);
        if (optionsPtr < promptPtr + prompt.length && promptPtr < optionsPtr + optionsSize) {
            throw broken(
                    "realm_alloc gave overlapping blocks: " + prompt.length + " bytes at " + promptPtr + " and " + optionsSize
                            + " bytes at " + optionsPtr);
        }
        memory().write(optionsPtr, run.options().encode((int) optionsPtr), "options");
        run.enter(GuestRun.Phase.GENERATE);
        long out = unsigned(export("generate", promptPtr, prompt.length - 1L, 0, optionsPtr));
        run.supervision().check();
        run.call().context().check();
        if (out == 0) {
            throw run.failure("generate returned 0", null);
        }
        run.answer().finish(read(out));
    }

    /** What nobody asked for: there is no answer. */
    private void scheduled(String name) {
        if (!facts.onSchedule()) {
            throw new GuestAbort(new RealmException(ErrorCode.GUEST_FAILED, "the guest has no export on_schedule"));
        }
        byte[] text = Text.utf8(name);
        long ptr = allocate(text.length);
        memory().write(ptr, text, "name");
        run.enter(GuestRun.Phase.GENERATE);
        int result = (int) export("on_schedule", ptr, text.length);
        run.supervision().check();
        run.call().context().check();
        if (result != 0) {
            throw run.failure("on_schedule returned " + result, null);
        }
    }

    private void logStep() {
        RequestContext c = run.call().context();
        c.note(3);
        if (!c.isWarmUp()) {
            LOG.debug("step=3 step_name=guest_instance request_id={} tenant={} guest={}", c.requestId(), c.tenantId(),
                    run.guest().digest());
        }
    }

    private String read(long out) {
        byte[] bytes;
        try {
            bytes = memory().readToNul(out, run.limits().outputBytes(), "the answer of generate");
        } catch (AbiException e) {
            if (e.origin().code() == ErrorCode.GUEST_FAILED) {
                throw broken(String.valueOf(e.getMessage()));
            }
            throw e.origin();
        }
        String text = Text.strictUtf8(bytes);
        if (text == null) {
            throw broken("the answer of generate at " + out + " is not UTF-8");
        }
        return text;
    }

    static GuestAbort broken(String rule) {
        return new GuestAbort(new RealmException(ErrorCode.GUEST_FAILED, "the guest broke the ABI: " + rule));
    }

    private long[] call(String name, long... args) {
        return Objects.requireNonNull(made, "create comes first").export(name).apply(args);
    }

    long export(String name, long... args) {
        long[] results = call(name, args);
        return results == null || results.length == 0 ? 0 : results[0];
    }

    /** Memory for the host's own use: from the guest, or pages that the guest does not know of. */
    long allocate(long bytes) {
        if (!facts.alloc()) {
            long ptr = memory().growBy(bytes);
            if (ptr < 0) {
                throw new GuestAbort(run.failure("no memory for " + bytes + " bytes of the request", null));
            }
            return ptr;
        }
        GuestRun.Phase before = run.enter(GuestRun.Phase.ALLOC);
        long ptr = unsigned(export("realm_alloc", bytes));
        run.enter(before);
        if (ptr == 0) {
            throw new GuestAbort(run.failure("realm_alloc(" + bytes + ") returned 0, no memory", null));
        }
        if (ptr % ALIGN != 0) {
            throw broken("realm_alloc(" + bytes + ") returned " + ptr + ", which is not 8-byte aligned");
        }
        if (!memory().holds(ptr, bytes)) {
            throw broken("realm_alloc(" + bytes + ") returned " + ptr + ", but the memory has " + memory().size() + " bytes");
        }
        return ptr;
    }

    void free(long ptr, long bytes) {
        if (facts.free()) {
            GuestRun.Phase before = run.enter(GuestRun.Phase.ALLOC);
            call("realm_free", ptr, bytes);
            run.enter(before);
        }
    }
}
