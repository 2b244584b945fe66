package ai.realm.runtime.guest;

import static ai.realm.runtime.guest.GuestMemory.unsigned;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Vocab;
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
    /** Of the vocabulary in one call. */
    private static final long MAX_VOCAB_BYTES = 1 << 20;
    private static final int CONTROL_TOKEN = 1;
    private static final int END_TOKEN = 2;

    private final GuestRun run;
    private final HostGenerate generate;
    private final WasiFunctions wasi;
    private final HostAnswer about;
    private final HostOutside outside;
    private final HostSequences sequences;

    HostFunctions(GuestRun run, HostGenerate generate, HostSequences sequences) {
        this.run = run;
        this.sequences = sequences;
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
        sequences.close();
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
            case VOCAB -> vocab(memory, (int) a[0], unsigned(a[1]), unsigned(a[2]), unsigned(a[3]));
            case GRAMMAR, SEQ_OPEN, SEQ_FEED, SEQ_START, SEQ_WAIT, SEQ_TAKE, SEQ_INFO, SEQ_TOP, SEQ_SCORE, SEQ_FORK, SEQ_ROLLBACK,
                    SEQ_CLOSE, SEQ_GRAMMAR, SEQ_ALLOWED, SEQ_MASK, SEQ_BIAS ->
                sequence(function, memory, a);
            case PIECES -> run.pieces().copy(memory, unsigned(a[0]), unsigned(a[1]), unsigned(a[2]));
        };
    }

    private long sequence(HostImport function, GuestMemory memory, long[] a) {
        if (run.phase() != GuestRun.Phase.ON_STEP) {
            require(GuestRun.Phase.GENERATE, function);
        }
        int handle = (int) a[0];
        long b = a.length > 1 ? unsigned(a[1]) : 0;
        long c = a.length > 2 ? unsigned(a[2]) : 0;
        return switch (function) {
            case GRAMMAR -> sequences.grammar(memory, handle, (int) b, c, unsigned(a[3]));
            case SEQ_OPEN -> sequences.open(memory, handle, b);
            case SEQ_FEED -> sequences.feed(memory, handle, b, c, (int) a[3]);
            case SEQ_START -> sequences.start(handle, b);
            case SEQ_WAIT -> sequences.await(memory, unsigned(a[0]), b, c);
            case SEQ_TAKE -> sequences.take(memory, handle, b, c);
            case SEQ_INFO -> sequences.info(memory, handle, b, c);
            case SEQ_TOP -> sequences.top(memory, handle, b, c);
            case SEQ_SCORE -> sequences.score(memory, handle, b, c, unsigned(a[3]));
            case SEQ_FORK -> sequences.fork(handle);
            case SEQ_ROLLBACK -> sequences.rollback(handle, b);
            case SEQ_CLOSE -> sequences.close(handle);
            case SEQ_GRAMMAR -> sequences.grammar(handle, (int) b);
            case SEQ_ALLOWED -> sequences.allowed(memory, handle, b, c);
            case SEQ_MASK -> sequences.mask(memory, handle, b, c, (int) a[3]);
            case SEQ_BIAS -> sequences.bias(memory, handle, b, c);
            default -> throw new IllegalStateException(function.functionName() + " is not of a sequence");
        };
    }

    /** Inside {@code on_token} only what needs no generation is permitted, inside an allocation or initialization even less. */
    private void require(GuestRun.Phase phase, HostImport function) {
        boolean within = phase == GuestRun.Phase.ON_TOKEN
                && (run.phase() == GuestRun.Phase.GENERATE || run.phase() == GuestRun.Phase.ON_STEP);
        if (run.phase() != phase && !within) {
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

    /** Tokens of the vocabulary from {@code first} on, as many whole ones as fit: length and kind in four bytes, then the bytes. */
    private long vocab(GuestMemory memory, int model, long first, long dst, long max) {
        memory.require(dst, max, "destination");
        Vocab vocab;
        try (ModelLease lease = run.call().models().lease(model)) {
            vocab = tokenizer(lease).vocab();
        }
        ByteBuffer out = ByteBuffer.allocate((int) Math.min(max, MAX_VOCAB_BYTES)).order(ByteOrder.LITTLE_ENDIAN);
        int id = (int) Math.min(first, vocab.size());
        int from = id;
        for (; id < vocab.size() && out.remaining() >= 4 + vocab.bytes(id).length; id++) {
            int kind = switch (vocab.kind(id)) {
                case CONTROL, UNKNOWN, UNUSED -> CONTROL_TOKEN;
                default -> 0;
            };
            kind |= vocab.endOfGenerationIds().contains(id) ? END_TOKEN : 0;
            out.putInt(vocab.bytes(id).length | kind << 24).put(vocab.bytes(id));
        }
        memory.write(dst, out.array(), 0, out.position(), "destination");
        return id - from;
    }

    private static Tokenizer tokenizer(ModelLease lease) {
        Tokenizer tokenizer = lease.tokenizer();
        if (tokenizer == null) {
            throw new AbiException(AbiError.NO_TOKENIZER, "model " + lease.name() + " has no tokenizer",
                    new RealmException(ErrorCode.NO_TOKENIZER, "model " + lease.name() + " has no tokenizer"));
        }
        return tokenizer;
    }

    private int[] encode(ModelLease lease, String text) {
        Tokenizer tokenizer = tokenizer(lease);
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
