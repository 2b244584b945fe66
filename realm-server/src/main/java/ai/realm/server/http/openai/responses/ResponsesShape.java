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

/** OpenAI's {@code POST /v1/responses}. */
public final class ResponsesShape implements ApiShape {
    static final String PATH = "/v1/responses";

    private final TenantStores stores;

    public ResponsesShape(TenantStores stores) {
        this.stores = stores;
    }

    @Override
    public List<String> paths() {
        return List.of(PATH);
    }

    @Override
    public Asked read(JsonFields fields) {
        return new AskedResponse(new ResponsesReader(fields, ResponsesReader.Memory.NONE).read(), Keeper.NONE);
    }

    @Override
    public Asked read(JsonFields fields, Tenant tenant) {
        StoredItems items = new StoredItems(stores, tenant);
        return new AskedResponse(new ResponsesReader(fields, items).read(), new StoreKeeper(items));
    }

    private record AskedResponse(ResponsesReader.Read read, Keeper keeper) implements Asked {
        @Override
        public GenerationRequest request() {
            return read.request();
        }

        @Override
        public Answer answer(ValidRequest valid, Client client) {
            return new ResponseAnswer(read, valid.model(), client, keeper);
        }
    }
}
