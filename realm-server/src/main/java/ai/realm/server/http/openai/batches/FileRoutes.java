package ai.realm.server.http.openai.batches;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.guest.FairShares;
import ai.realm.server.accounts.StoredFiles.StoredFile;
import ai.realm.server.accounts.TenantStores;
import ai.realm.server.domain.Tenant;
import ai.realm.server.error.RetryableException;
import ai.realm.server.http.inference.Ids;
import ai.realm.server.http.json.Json;
import ai.realm.server.http.openai.Page;
import ai.realm.server.http.transport.Answers;
import ai.realm.server.http.transport.Callers;
import ai.realm.server.http.transport.RequestIds;
import ai.realm.server.tenant.Permit;
import ai.realm.server.tenant.TenantGate;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Clock;

/** OpenAI's files: what batches read and write. Another tenant's is not there. */
public final class FileRoutes {
    /** Of one file. */
    private static final int MOST_BYTES = 32 << 20;
    /** What a form has beside its file. */
    private static final int FORM_BYTES = 64 << 10;
    /** An upload is in memory until it is kept. */
    private static final int UPLOADS = 4;
    private static final long SECOND = 1000;

    private final TenantGate gate;
    private final TenantStores stores;
    private final Answers answers;
    private final Clock clock;
    private final FairShares uploads = new FairShares(UPLOADS);

    public FileRoutes(TenantGate gate, TenantStores stores, Answers answers, Clock clock) {
        this.gate = gate;
        this.stores = stores;
        this.answers = answers;
        this.clock = clock;
    }

    /** {@code POST /v1/files}. */
    public void create(Context ctx) {
        Tenant tenant = gate.authenticate(Callers.of(ctx));
        try (Permit _ = gate.admit(RequestIds.of(ctx), tenant, 0).permit()) {
            if (ctx.req().getContentLengthLong() > MOST_BYTES + FORM_BYTES) {
                throw TenantGate.bodyTooLarge(MOST_BYTES);
            }
            if (!uploads.tryTake(tenant.id(), 1)) {
                throw new RetryableException(ErrorCode.OVERLOADED, "the server takes " + UPLOADS + " files at a time", 1);
            }
            try {
                answers.json(ctx, 200, json(keep(tenant, UploadForm.read(ctx.req().getContentType(),
                        answers.body(ctx, MOST_BYTES + FORM_BYTES)))));
            } finally {
                uploads.giveBack(tenant.id(), 1);
            }
        }
    }

    private StoredFile keep(Tenant tenant, UploadForm form) {
        long now = clock.millis() / SECOND * SECOND;
        long lifetime = form.lifetimeSeconds();
        StoredFile file = new StoredFile(Ids.fresh("file-"), now, lifetime == 0 ? 0 : now + lifetime * SECOND, form.fileName(),
                form.purpose(), form.content().length);
        if (form.content().length > MOST_BYTES) {
            throw TenantGate.bodyTooLarge(MOST_BYTES);
        }
        stores.files().create(tenant.id(), file, form.content(), tenant.limits().storage());
        return file;
    }

    private static ObjectNode json(StoredFile f) {
        ObjectNode json = Json.mapper().createObjectNode().put("id", f.id()).put("object", "file").put("bytes", f.bytes())
                .put("created_at", f.createdMillis() / SECOND).put("filename", f.name()).put("purpose", f.purpose())
                .put("status", "processed").putNull("status_details");
        return f.expiresMillis() == 0 ? json.putNull("expires_at") : json.put("expires_at", f.expiresMillis() / SECOND);
    }

    /** {@code GET /v1/files}. */
    public void list(Context ctx) {
        Tenant tenant = gate.authenticate(Callers.of(ctx));
        String purpose = ctx.queryParam("purpose");
        ArrayNode all = Json.mapper().createArrayNode();
        stores.files().all(tenant.id()).stream().filter(f -> purpose == null || f.purpose().equals(purpose))
                .forEach(f -> all.add(json(f)));
        answers.json(ctx, 200, Page.of(ctx, all));
    }

    private StoredFile find(Context ctx) {
        Tenant tenant = gate.authenticate(Callers.of(ctx));
        StoredFile found = stores.files().find(tenant.id(), ctx.pathParam("id"));
        if (found == null) {
            throw notFound();
        }
        return found;
    }

    private static RealmException notFound() {
        return new RealmException(ErrorCode.NOT_FOUND, "there is no file of this id, or it is not kept any more");
    }

    /** {@code GET /v1/files/{id}}. */
    public void get(Context ctx) {
        answers.json(ctx, 200, json(find(ctx)));
    }

    /** {@code GET /v1/files/{id}/content}, sent piece by piece. */
    public void content(Context ctx) {
        StoredFile file = find(ctx);
        try (Permit _ = gate.admit(RequestIds.of(ctx), gate.authenticate(Callers.of(ctx)), 0).permit()) {
            send(ctx, file);
        }
    }

    private void send(Context ctx, StoredFile file) {
        ctx.status(200).contentType("application/octet-stream");
        ctx.res().setContentLengthLong(file.bytes());
        try {
            OutputStream out = ctx.res().getOutputStream();
            stores.files().read(file, piece -> {
                try {
                    out.write(piece);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        } catch (IOException | UncheckedIOException e) {
            throw new RealmException(ErrorCode.CANCELLED, "the client has gone", e);
        }
    }

    /** {@code DELETE /v1/files/{id}}. */
    public void delete(Context ctx) {
        Tenant tenant = gate.authenticate(Callers.of(ctx));
        String id = ctx.pathParam("id");
        if (!stores.files().remove(tenant.id(), id)) {
            throw notFound();
        }
        answers.json(ctx, 200, Json.mapper().createObjectNode().put("id", id).put("object", "file").put("deleted", true));
    }
}
