package ai.realm.server.http.openai.responses;

import ai.realm.server.accounts.TenantStores;
import ai.realm.server.http.inference.Answer;
import ai.realm.server.http.inference.ApiShape;
import ai.realm.server.http.inference.Client;
import ai.realm.server.http.inference.GenerationRequest;
import ai.realm.server.http.inference.ValidRequest;
import ai.realm.server.http.json.JsonFields;
import ai.realm.server.domain.Tenant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** OpenAI's {@code POST /v1/responses}. */
public final class ResponsesShape implements ApiShape {
    static final String PATH = "/v1/responses";

    private final TenantStores stores;
    private final BackgroundRuns runs;

    /** @param runs those that go on without their clients */
    public ResponsesShape(TenantStores stores, BackgroundRuns runs) {
        this.stores = stores;
        this.runs = runs;
    }

    @Override
    public List<String> paths() {
        return List.of(PATH);
    }

    @Override
    public Asked read(JsonFields fields) {
        return new AskedResponse(new ResponsesReader(fields, ResponsesReader.Memory.NONE).read(), Keeper.NONE, null);
    }

    @Override
    public Asked read(JsonFields fields, Tenant tenant) {
        StoredItems items = new StoredItems(stores, tenant);
        ResponsesReader.Read read = new ResponsesReader(fields, items).read();
        return new AskedResponse(read, new StoreKeeper(items), read.background() ? runs.create(items, read) : null);
    }

    private record AskedResponse(ResponsesReader.Read read, Keeper keeper, @Nullable BackgroundRun background) implements Asked {
        @Override
        public GenerationRequest request() {
            return read.request();
        }

        @Override
        public Answer answer(ValidRequest valid, Client client) {
            return new ResponseAnswer(read, valid.model(), client, keeper, background);
        }
    }
}
