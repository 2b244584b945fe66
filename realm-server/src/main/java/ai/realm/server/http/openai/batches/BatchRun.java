package ai.realm.server.http.openai.batches;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.Usage;
import ai.realm.server.accounts.Batches.Batch;
import ai.realm.server.accounts.Batches.Result;
import ai.realm.server.accounts.RequestRecord;
import ai.realm.server.accounts.StoredFiles.StoredFile;
import ai.realm.server.domain.Tenant;
import ai.realm.server.error.RetryableException;
import ai.realm.server.http.inference.Ids;
import ai.realm.server.http.inference.RequestFrame;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One batch that this server works on: its requests in their order, a few at a time. A request that cannot be admitted now is asked
 * again until the batch's time is over. Thread-safe.
 */
final class BatchRun {
    private static final Logger LOG = LoggerFactory.getLogger(BatchRun.class);
    private static final int SIDE_BY_SIDE = 8;
    private static final int RETRIES_OF_DEADLINES = 3;
    private static final int PAGE = 500;
    private static final long LONGEST_PAUSE_SECONDS = 10;
    private static final Duration KEEP_PAUSE = Duration.ofMillis(500);
    private static final Set<ErrorCode> PASSING = Set.of(ErrorCode.RATE_LIMIT_EXCEEDED, ErrorCode.INSUFFICIENT_QUOTA,
            ErrorCode.OVERLOADED, ErrorCode.DRAINING, ErrorCode.STORAGE_UNAVAILABLE, ErrorCode.MODEL_LOADING,
            ErrorCode.MODEL_UNLOADED, ErrorCode.TENANT_SUSPENDED);

    private enum State {
        RUNNING,
        CANCELLING,
        LEFT
    }

    private final BatchRunner.Parts parts;
    private final Batch batch;
    private final Set<BatchExchange> running = ConcurrentHashMap.newKeySet();
    private volatile State state = State.RUNNING;
    private volatile long leaseEnd;

    BatchRun(BatchRunner.Parts parts, Batch batch) {
        this.parts = parts;
        this.batch = batch;
        renewed(parts.clock().millis());
    }

    /** Its lease was renewed at this time or later. */
    void renewed(long millis) {
        leaseEnd = millis + BatchRunner.LEASE.toMillis();
    }

    String tenant() {
        return batch.tenant();
    }

    /** Its tenant wants no more of it. */
    synchronized void cancel() {
        if (state == State.RUNNING) {
            state = State.CANCELLING;
            notifyAll();
        }
        running.forEach(BatchExchange::cancel);
    }

    /** It is another server's now, or this one ends: requests that run may end, nothing else is begun. */
    synchronized void leave() {
        state = State.LEFT;
        notifyAll();
    }

    /** Works until all requests have their results, or it is left. */
    void work() {
        Tenant tenant = parts.tenants().byId(batch.tenant());
        if (tenant == null) {
            leave();
            end(List.of());
            return;
        }
        String errors;
        BatchInput input = null;
        StoredFile file = parts.stores().files().find(batch.tenant(), batch.inputFile());
        if (file == null) {
            errors = BatchInput.missing();
        } else {
            input = BatchInput.read(n -> parts.stores().files().piece(file, n), batch.endpoint(), tenant.limits().bodyBytes());
            errors = input.errors();
        }
        if (input == null || file == null || errors != null) {
            parts.stores().batches().fail(batch.id(), parts.owner(), String.valueOf(errors));
            return;
        }
        parts.stores().batches().begin(batch.id(), parts.owner(), input.lines().size());
        Set<Integer> done = parts.stores().batches().done(batch.id());
        LOG.info("batch begins batch={} tenant={} requests={} done={}", batch.id(), batch.tenant(), input.lines().size(),
                done.size());
        runAll(BatchInput.requests(n -> parts.stores().files().piece(file, n), tenant.limits().bodyBytes()), done, tenant);
        end(input.lines());
    }

    private void runAll(Iterator<BatchInput.Request> next, Set<Integer> done, Tenant tenant) {
        int most = Math.clamp(tenant.limits().concurrentRequests() / 2, 1, SIDE_BY_SIDE);
        try (ExecutorService threads = Executors.newFixedThreadPool(most, Thread.ofVirtual().name("batch-", 0).factory())) {
            for (int i = 0; i < most; i++) {
                threads.execute(() -> {
                    try {
                        for (BatchInput.Request r = take(next, done); r != null; r = take(next, done)) {
                            runLine(r);
                        }
                    } catch (RuntimeException e) {
                        LOG.error("a batch is left to be tried again batch={}", batch.id(), e);
                        leave();
                    }
                });
            }
        }
    }

    private BatchInput.@Nullable Request take(Iterator<BatchInput.Request> next, Set<Integer> done) {
        synchronized (next) {
            while (state == State.RUNNING && !isLate() && next.hasNext()) {
                BatchInput.Request request = next.next();
                if (!done.contains(request.line().number())) {
                    return request;
                }
            }
            return null;
        }
    }

    private boolean isLate() {
        return parts.clock().millis() >= batch.times().expires();
    }

    private void runLine(BatchInput.Request request) {
        Result result;
        try {
            result = result(request);
        } catch (RealmException e) {
            if (e.code() == ErrorCode.STORAGE_UNAVAILABLE) {
                throw e;
            }
            result = defect(request.line(), e);
        } catch (RuntimeException e) {
            result = defect(request.line(), e);
        }
        if (result != null) {
            keep(List.of(result));
        }
    }

    /** A fault of the server at one request is that request's result: the others go on, and it would be met again at each new try. */
    private Result defect(BatchInput.Line line, RuntimeException e) {
        LOG.error("a request of a batch failed batch={} line={}", batch.id(), line.number(), e);
        return unrun(line, "internal_error", "the server failed at this request; its log has the cause");
    }

    /** Null when the request has none yet and the batch must be left or ended. */
    private @Nullable Result result(BatchInput.Request request) {
        BatchInput.Line line = request.line();
        for (int deadlines = 0;;) {
            Tenant tenant = parts.tenants().byId(batch.tenant());
            if (tenant == null) {
                leave();
                return null;
            }
            try {
                if (parts.stores().files().used(batch.tenant()) >= tenant.limits().storage().fileBytes()) {
                    return unrun(line, "insufficient_quota", "the tenant's files have all the room that they may have");
                }
            } catch (RealmException e) {
                if (e.code() != ErrorCode.STORAGE_UNAVAILABLE) {
                    throw e;
                }
                if (!goesOnAfter(e)) {
                    return null;
                }
                continue;
            }
            BatchExchange exchange = new BatchExchange(batch.id() + "-" + line.number(), tenant.withPriority(Priority.BATCH),
                    request.body());
            ask(exchange);
            RealmException error = exchange.error();
            if (error != null && error.code() == ErrorCode.DEADLINE_EXCEEDED && ++deadlines < RETRIES_OF_DEADLINES
                    || error != null && isPassing(error)) {
                account(line, exchange);
                if (!goesOnAfter(error)) {
                    return null;
                }
                continue;
            }
            return state == State.LEFT && error != null && error.code() == ErrorCode.CANCELLED ? null : ran(line, exchange);
        }
    }

    /** A quota that is not free again within the batch's time is as good as one that never is. */
    private boolean isPassing(RealmException error) {
        return PASSING.contains(error.code())
                && (error.code() != ErrorCode.INSUFFICIENT_QUOTA || error instanceof RetryableException r
                        && r.retryAfterSeconds() < (batch.times().expires() - parts.clock().millis()) / 1000);
    }

    /** What an attempt without a result has used; most have used nothing. */
    private void account(BatchInput.Line line, BatchExchange exchange) {
        RequestRecord used = exchange.account();
        if (used != null && (used.guestCpuNanos() > 0 || !used.usage().equals(Usage.NONE))) {
            parts.stores().batches().attempted(batch.id(), line.number(), used);
        }
    }

    /** Waits as long as the error says; false when the batch must be left or ended meanwhile. */
    private boolean goesOnAfter(RealmException error) {
        pause(error);
        return state == State.RUNNING && !isLate();
    }

    private void ask(BatchExchange exchange) {
        RequestFrame route = Objects.requireNonNull(parts.routes().get(batch.endpoint()), "a batch of a path that is not served");
        running.add(exchange);
        try {
            if (state == State.CANCELLING) {
                exchange.cancel();
            }
            route.handle(exchange);
        } finally {
            running.remove(exchange);
        }
    }

    private synchronized void pause(RealmException error) {
        long seconds = error instanceof RetryableException r ? Math.min(r.retryAfterSeconds(), LONGEST_PAUSE_SECONDS) : 1;
        long end = System.nanoTime() + seconds * 1_000_000_000;
        try {
            while (state == State.RUNNING && System.nanoTime() < end) {
                wait(Math.max(1, (end - System.nanoTime()) / 1_000_000));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            leave();
        }
    }

    /** Waits a little whatever the state is; false when the thread is to end. */
    private static boolean rest() {
        try {
            Thread.sleep(KEEP_PAUSE);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static ObjectNode head(BatchInput.Line line) {
        return Json.mapper().createObjectNode().put("id", Ids.fresh("batch_req_")).put("custom_id", line.customId());
    }

    private Result ran(BatchInput.Line line, BatchExchange exchange) {
        RequestRecord account = exchange.account();
        RealmException error = exchange.error();
        if (error != null && error.code() == ErrorCode.CANCELLED) {
            return new Result(line.number(), false, failed(line, "batch_cancelled", "the batch was cancelled"), account);
        }
        ObjectNode json = head(line);
        ObjectNode response = json.putObject("response").put("status_code", exchange.status()).put("request_id",
                exchange.requestId());
        try {
            response.set("body", Json.mapper().readTree(exchange.answer()));
        } catch (JsonProcessingException e) {
            throw new RealmException(ErrorCode.INTERNAL, "an answer in a batch is not JSON", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        json.putNull("error");
        return new Result(line.number(), exchange.status() == 200, json.toString(), account);
    }

    private static String failed(BatchInput.Line line, String code, String message) {
        ObjectNode json = head(line).putNull("response");
        json.putObject("error").put("code", code).put("message", message);
        return json.toString();
    }

    private static Result unrun(BatchInput.Line line, String code, String message) {
        return new Result(line.number(), false, failed(line, code, message), null);
    }

    /** A result waits for the database as long as the batch can be this server's, also when nothing else is begun any more. */
    private void keep(List<Result> results) {
        while (true) {
            try {
                if (!parts.stores().batches().keep(batch.id(), parts.owner(), results)) {
                    leave();
                }
                return;
            } catch (RealmException e) {
                if (e.code() != ErrorCode.STORAGE_UNAVAILABLE || state == State.LEFT && parts.clock().millis() >= leaseEnd
                        || !rest()) {
                    throw e;
                }
            }
        }
    }

    private void end(List<BatchInput.Line> all) {
        if (state == State.LEFT) {
            parts.stores().batches().release(batch.id(), parts.owner());
            return;
        }
        Set<Integer> done = parts.stores().batches().done(batch.id());
        List<BatchInput.Line> left = all.stream().filter(l -> !done.contains(l.number())).toList();
        boolean cancelled = state == State.CANCELLING;
        boolean late = isLate();
        for (int i = 0; i < left.size() && state != State.LEFT; i += PAGE) {
            keep(left.subList(i, Math.min(left.size(), i + PAGE)).stream()
                    .map(l -> cancelled
                            ? unrun(l, "batch_cancelled", "the batch was cancelled before this request was run")
                            : late
                                    ? unrun(l, "batch_expired", "the batch's time was over before this request was run")
                                    : unrun(l, "missing_input_file", "the input file was deleted before this request was run"))
                    .toList());
        }
        String status = cancelled ? "cancelled" : left.isEmpty() || !late ? "completed" : "expired";
        if (parts.stores().batches().finish(batch, parts.owner(), status)) {
            LOG.info("batch ended batch={} tenant={} status={} requests={}", batch.id(), batch.tenant(), status, all.size());
        }
    }
}
