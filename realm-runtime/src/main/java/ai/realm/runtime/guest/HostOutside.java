package ai.realm.runtime.guest;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.GuestOutside.HttpAsk;
import ai.realm.runtime.guest.GuestOutside.HttpReply;
import ai.realm.runtime.guest.GuestOutside.HttpTrouble;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** What a guest asks of encoders and of other machines, for one request: {@code realm_host_embed} and {@code realm_host_http}. */
final class HostOutside {
    private static final long MAX_TEXT_BYTES = 1 << 20;
    private static final long MAX_HEAD_BYTES = 64 << 10;

    private final GuestRun run;
    private int embeddings;
    private int exchanges;
    private long exchangedBytes;
    private long exchangedNanos;

    HostOutside(GuestRun run) {
        this.run = run;
    }

    @FunctionalInterface
    private interface Wait<T> {
        T get() throws InterruptedException;
    }

    /** What waits for something else than a processor, and ends with the guest. */
    private <T> T waiting(Wait<T> wait) {
        run.supervision().waiting(true);
        try {
            return wait.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            RealmException verdict = run.supervision().verdict();
            throw new AbiException(
                    verdict != null ? verdict : new RealmException(ErrorCode.CANCELLED, "the guest's thread was interrupted"));
        } finally {
            run.supervision().waiting(false);
        }
    }

    /** The number of the vector's elements, of which as many were written as fit. */
    long embed(GuestMemory memory, int model, long ptr, long len, long dst, long max) {
        memory.require(dst, max * Float.BYTES, "destination");
        memory.require(ptr, len, "text");
        if (len == 0 || len > MAX_TEXT_BYTES) {
            throw new AbiException(AbiError.BAD_OPTION,
                    "a text to embed must have 1 to " + MAX_TEXT_BYTES + " bytes, not " + len);
        }
        int most = run.limits().outside().embeddings();
        if (embeddings >= most) {
            throw new AbiException(GuestLimit.EMBEDDINGS.reached(most, embeddings + 1L));
        }
        embeddings++;
        String text = memory.readText(ptr, len, "text");
        float[] vector;
        try (GuestMemory.Loan loan = memory.forEncoding(len)) {
            vector = waiting(() -> run.call().outside().embed(model, text));
        }
        int count = (int) Math.min(vector.length, max);
        ByteBuffer out = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            out.putFloat(vector[i]);
        }
        memory.write(dst, out.array(), "destination");
        return vector.length;
    }

    /** Bytes of the answer: u32 status, u32 length of its headers as JSON, these, and its body. */
    long http(GuestMemory memory, long ptr, long len, long body, long bodyLen, long dst, long max) {
        memory.require(dst, max, "destination");
        memory.require(ptr, len, "request");
        memory.require(body, bodyLen, "body");
        if (len > MAX_HEAD_BYTES) {
            throw new AbiException(AbiError.BAD_OPTION, "a request must have at most " + MAX_HEAD_BYTES + " bytes, not " + len);
        }
        GuestLimits.Outside limits = run.limits().outside();
        if (exchanges >= limits.httpRequests()) {
            throw new AbiException(GuestLimit.HTTP_REQUESTS.reached(limits.httpRequests(), exchanges + 1L));
        }
        exchanges++;
        long bytesLeft = limits.httpBytes() - exchangedBytes - bodyLen;
        if (bytesLeft <= 0) {
            throw new AbiException(
                    GuestLimit.HTTP_BYTES.reached(limits.httpBytes() + " bytes", (exchangedBytes + bodyLen) + " bytes"));
        }
        long millisLeft = limits.httpTime().toMillis() - exchangedNanos / 1_000_000;
        if (millisLeft <= 0) {
            throw new AbiException(
                    GuestLimit.HTTP_TIME.reached(limits.httpTime().toMillis() + " ms", exchangedNanos / 1_000_000 + " ms"));
        }
        String json = memory.readText(ptr, len, "request");
        byte[] reply = encoded(exchange(new HttpAsk(json, memory.read(body, bodyLen, "body"), bytesLeft, millisLeft)));
        run.keepResult(reply);
        if (reply.length > max) {
            throw new AbiException(AbiError.RESULT_TOO_LARGE, "the answer has " + reply.length + " bytes, the buffer " + max
                    + "; realm_host_result gives it in parts");
        }
        memory.write(dst, reply, "destination");
        return reply.length;
    }

    private HttpReply exchange(HttpAsk ask) {
        long begin = System.nanoTime();
        exchangedBytes += ask.body().length;
        try {
            HttpReply reply = waiting(() -> run.call().outside().http(ask));
            exchangedBytes += reply.body().length;
            return reply;
        } catch (HttpTrouble e) {
            String why = String.valueOf(e.getMessage());
            GuestLimits.Outside limits = run.limits().outside();
            throw switch (e.kind()) {
                case BAD_REQUEST -> new AbiException(AbiError.BAD_OPTION, why);
                case NOT_GRANTED -> new AbiException(AbiError.NOT_GRANTED, why);
                case FAILED -> new AbiException(AbiError.HTTP_FAILED, why);
                case TOO_LARGE -> new AbiException(GuestLimit.HTTP_BYTES.reached(limits.httpBytes() + " bytes", why));
                case TOO_LATE -> new AbiException(GuestLimit.HTTP_TIME.reached(limits.httpTime().toMillis() + " ms", why));
            };
        } finally {
            exchangedNanos += System.nanoTime() - begin;
        }
    }

    private static byte[] encoded(HttpReply reply) {
        byte[] headers = Text.utf8(reply.headersJson());
        return ByteBuffer.allocate(2 * Integer.BYTES + headers.length + reply.body().length).order(ByteOrder.LITTLE_ENDIAN)
                .putInt(reply.status()).putInt(headers.length).put(headers).put(reply.body()).array();
    }
}
