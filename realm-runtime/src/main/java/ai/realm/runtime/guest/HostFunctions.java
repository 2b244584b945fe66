package ai.realm.runtime.guest;

import static ai.realm.runtime.guest.GuestMemory.unsigned;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.store.ModelLease;
import com.dylibso.chicory.runtime.HostFunction;
import com.dylibso.chicory.runtime.ImportFunction;
import com.dylibso.chicory.runtime.ImportValues;
import com.dylibso.chicory.runtime.Instance;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.CancellationException;
import java.util.stream.Stream;

/**
 * What a guest can ask of the host, for one request. Each function first makes sure that the stack has room for the host's own
 * code, takes (pointer, length) numbers, checks them once, and answers with a count or an {@link AbiError}.
 */
final class HostFunctions {
    /** Text that is tokenized on a guest's behalf in one call. */
    private static final long MAX_TOKENIZE_BYTES = 1 << 20;

    private final GuestRun run;
    private final HostGenerate generate;
    private final WasiFunctions wasi;
    private final HostAnswer about;
    private final HostOutside outside;

    HostFunctions(GuestRun run, HostGenerate generate) {
        this.run = run;
        this.generate = generate;
        this.about = new HostAnswer(run);
        this.outside = new HostOutside(run);
        this.wasi = new WasiFunctions(new WasiFunctions.Owner() {
            @Override
            public void line(int level, String text) {
                if (run.log().admit()) {
                    run.log().line(level, text);
                }
            }

            @Override
            public void waiting(boolean now) {
                run.waiting(now);
            }
        });
    }

    /** The functions that the module imports, bound to this request. */
    ImportValues importValues() {
        ModuleGate.Facts facts = run.guest().facts();
        ImportFunction[] functions = Stream
                .concat(facts.imported().stream().map(this::bind), facts.wasi().stream().map(wasi::bind))
                .toArray(ImportFunction[]::new);
        return ImportValues.builder().addFunction(functions).build();
    }

    /** The guest has ended. */
    void end() {
        wasi.end();
    }

    private HostFunction bind(HostImport function) {
        return new HostFunction(HostImport.MODULE, function.functionName(), function.type(),
                (instance, args) -> call(function, instance, args));
    }

    private long[] call(HostImport function, Instance instance, long[] args) {
        StackProbe.requireRoom();
        long result;
        try {
            run.supervision().check();
            result = dispatch(function, new GuestMemory(instance.memory()), args);
        } catch (AbiException e) {
            run.failed(e, function.functionName());
            result = e.error().code();
        } catch (RealmException e) {
            AbiException abi = new AbiException(e);
            run.failed(abi, function.functionName());
            result = abi.error().code();
        }
        return function.type().returns().isEmpty() ? NOTHING : new long[]{result};
    }

    private static final long[] NOTHING = {};

    private long dispatch(HostImport function, GuestMemory memory, long[] a) {
        return switch (function) {
            case GENERATE -> {
                require(GuestRun.Phase.GENERATE, function);
                yield generate.call(memory, (int) a[0], unsigned(a[1]), unsigned(a[2]), unsigned(a[3]), unsigned(a[4]),
                        unsigned(a[5]));
            }
            case RESULT -> result(memory, unsigned(a[0]), unsigned(a[1]), unsigned(a[2]));
            case EMIT -> emit(memory, unsigned(a[0]), unsigned(a[1]));
            case TOKENIZE -> tokenize(memory, (int) a[0], unsigned(a[1]), unsigned(a[2]), unsigned(a[3]), unsigned(a[4]));
            case LAST_ERROR -> copy(memory, Text.utf8(run.lastError()), unsigned(a[0]), unsigned(a[1]));
            case LOG -> log(memory, (int) a[0], unsigned(a[1]), unsigned(a[2]));
            case KV_GET -> kv().get(memory, unsigned(a[0]), unsigned(a[1]), unsigned(a[2]), unsigned(a[3]));
            case KV_SET -> kv().set(memory, unsigned(a[0]), unsigned(a[1]), unsigned(a[2]), unsigned(a[3]));
            case KV_DELETE -> kv().delete(memory, unsigned(a[0]), unsigned(a[1]));
            case KV_ADD -> kv().add(memory, unsigned(a[0]), unsigned(a[1]), a[2], unsigned(a[3]));
            case KV_SWAP -> kv().swap(memory, unsigned(a[0]), unsigned(a[1]), unsigned(a[2]), unsigned(a[3]), unsigned(a[4]),
                    unsigned(a[5]));
            case KV_PUT -> kv().put(memory, unsigned(a[0]), unsigned(a[1]), unsigned(a[2]), unsigned(a[3]), unsigned(a[4]));
            case KV_LIST -> kv().list(memory, unsigned(a[0]), unsigned(a[1]), unsigned(a[2]), unsigned(a[3]), unsigned(a[4]),
                    unsigned(a[5]));
            case VEC_SEARCH -> kv().search(memory, unsigned(a[0]), unsigned(a[1]), unsigned(a[2]), unsigned(a[3]),
                    unsigned(a[4]), unsigned(a[5]), unsigned(a[6]));
            case EMBED -> {
                require(GuestRun.Phase.GENERATE, function);
                yield outside.embed(memory, (int) a[0], unsigned(a[1]), unsigned(a[2]), unsigned(a[3]), unsigned(a[4]));
            }
            case HTTP -> {
                require(GuestRun.Phase.GENERATE, function);
                yield outside.http(memory, unsigned(a[0]), unsigned(a[1]), unsigned(a[2]), unsigned(a[3]), unsigned(a[4]),
                        unsigned(a[5]));
            }
            case CONFIG -> config(memory, unsigned(a[0]), unsigned(a[1]), unsigned(a[2]), unsigned(a[3]));
            case REQUEST -> copy(memory, Text.utf8(run.call().requestJson()), unsigned(a[0]), unsigned(a[1]));
            case RENDER ->
                about.render(memory, (int) a[0], unsigned(a[1]), unsigned(a[2]), (int) a[3], unsigned(a[4]), unsigned(a[5]));
            case MODEL -> about.model(memory, (int) a[0], unsigned(a[1]), unsigned(a[2]));
            case FINISH -> about.finish((int) a[0]);
            case TOOL_CALL -> {
                require(GuestRun.Phase.ON_TOKEN, function);
                yield about.toolCall(memory, unsigned(a[0]), unsigned(a[1]), unsigned(a[2]), unsigned(a[3]), unsigned(a[4]),
                        unsigned(a[5]));
            }
            case EVENT -> {
                require(GuestRun.Phase.ON_TOKEN, function);
                yield about.event(memory, unsigned(a[0]), unsigned(a[1]), unsigned(a[2]), unsigned(a[3]));
            }
            case REFUSE -> about.refuse(memory, (int) a[0], unsigned(a[1]), unsigned(a[2]), unsigned(a[3]), unsigned(a[4]));
            case USAGE -> about.usage(memory, unsigned(a[0]), unsigned(a[1]));
            case PIECES -> run.pieces().copy(memory, unsigned(a[0]), unsigned(a[1]), unsigned(a[2]));
        };
    }

    /** Inside {@code on_token} only what needs no generation is permitted, inside an allocation or initialization even less. */
    private void require(GuestRun.Phase phase, HostImport function) {
        if (run.phase() != phase && !(phase == GuestRun.Phase.ON_TOKEN && run.phase() == GuestRun.Phase.GENERATE)) {
            throw new AbiException(AbiError.NOT_PERMITTED,
                    function.functionName() + " must not be called from " + run.phase().code());
        }
    }

    /** The length of {@code value}, of which as much was copied as fits. */
    static long copy(GuestMemory memory, byte[] value, long dst, long max) {
        memory.require(dst, max, "destination");
        memory.write(dst, value, 0, (int) Math.min(value.length, max), "destination");
        return value.length;
    }

    private long result(GuestMemory memory, long offset, long dst, long len) {
        memory.require(dst, len, "destination");
        byte[] result = run.lastResult();
        if (offset > result.length) {
            throw new AbiException(AbiError.OUT_OF_BOUNDS,
                    "offset " + offset + " lies behind the last result of " + result.length + " bytes");
        }
        int count = (int) Math.min(result.length - offset, len);
        memory.write(dst, result, (int) offset, count, "destination");
        run.fetched();
        return count;
    }

    private long emit(GuestMemory memory, long ptr, long len) {
        require(GuestRun.Phase.ON_TOKEN, HostImport.EMIT);
        if (len > run.limits().outputBytes()) {
            memory.require(ptr, len, "text");
            throw new AbiException(GuestLimit.OUTPUT_BYTES.reached(run.limits().outputBytes() + " bytes", len + " bytes"));
        }
        run.answer().send(memory.readText(ptr, len, "text"));
        return 0;
    }

    private long tokenize(GuestMemory memory, int model, long ptr, long len, long dst, long max) {
        memory.require(dst, max * 4, "destination");
        memory.require(ptr, len, "text");
        if (len > MAX_TOKENIZE_BYTES) {
            throw new AbiException(AbiError.TOKENIZING_FAILED,
                    "a text to tokenize must have at most " + MAX_TOKENIZE_BYTES + " bytes, not " + len);
        }
        String text = memory.readText(ptr, len, "text");
        int[] ids;
        try (ModelLease lease = run.call().models().lease(model); GuestMemory.Loan loan = memory.forEncoding(len)) {
            ids = encode(lease, text);
        }
        int count = (int) Math.min(ids.length, max);
        ByteBuffer out = ByteBuffer.allocate(count * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            out.putInt(ids[i]);
        }
        memory.write(dst, out.array(), "destination");
        return ids.length;
    }

    private int[] encode(ModelLease lease, String text) {
        Tokenizer tokenizer = lease.tokenizer();
        if (tokenizer == null) {
            throw new AbiException(AbiError.NO_TOKENIZER, "model " + lease.name() + " has no tokenizer",
                    new RealmException(ErrorCode.NO_TOKENIZER, "model " + lease.name() + " has no tokenizer"));
        }
        try {
            return tokenizer.encode(text, false, run.call().parseSpecial());
        } catch (CancellationException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new AbiException(AbiError.TOKENIZING_FAILED, "the text of " + text.length() + " characters cannot be tokenized",
                    new RealmException(ErrorCode.INTERNAL, "tokenizing failed: " + e, e));
        }
    }

    private long log(GuestMemory memory, int level, long ptr, long len) {
        memory.require(ptr, len, "text");
        if (run.log().admit()) {
            String text = Text.strictUtf8(memory.read(ptr, Math.min(len, 4L * GuestLog.MAX_CHARS), "text"));
            if (text == null) {
                // Cut within a character, or not text at all: every byte that is not ASCII is shown as unknown.
                text = new String(memory.read(ptr, Math.min(len, 4L * GuestLog.MAX_CHARS), "text"),
                        java.nio.charset.StandardCharsets.UTF_8);
            }
            run.log().line(level, text);
        } else if (run.log().justExhausted()) {
            run.failed(new AbiException(GuestLimit.LOG_LINES.reached(run.limits().logLines(), run.limits().logLines() + 1)),
                    HostImport.LOG.functionName());
            run.recovered();
        }
        return 0;
    }

    private HostStore kv() {
        return new HostStore(run);
    }

    private long config(GuestMemory memory, long keyPtr, long keyLen, long dst, long max) {
        memory.require(keyPtr, keyLen, "key");
        memory.require(dst, max, "destination");
        String value = keyLen > HostStore.MAX_KEY_BYTES ? null : run.call().config().get(memory.readText(keyPtr, keyLen, "key"));
        if (value == null) {
            throw HostStore.noSuchKey();
        }
        return copy(memory, Text.utf8(value), dst, max);
    }
}
