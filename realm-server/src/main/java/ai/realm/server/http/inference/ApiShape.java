package ai.realm.server.http.inference;

import ai.realm.server.http.json.JsonFields;
import ai.realm.server.http.transport.ErrorShape;
import ai.realm.server.domain.Tenant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One API's way to ask for text and to be answered: its body in, its answer out. What is between them is the same for all:
 * {@link InferenceHandler} admits, checks, runs and accounts. A shape knows no tenant and no model; it is immutable.
 */
public interface ApiShape {
    /** The paths that it is served under; the first names it in logs and metrics. */
    List<String> paths();

    default ErrorShape errors() {
        return ErrorShape.OPENAI;
    }

    /**
     * Reads a body.
     *
     * @param fields of the body; those that it does not take are named as ignored, or refused where the server is set so
     * @throws ai.realm.core.error.RealmException INVALID_REQUEST that names the parameter
     */
    Asked read(JsonFields fields);

    /** The same, for an API whose requests may go on from what their tenant has stored. */
    default Asked read(JsonFields fields, Tenant tenant) {
        return read(fields);
    }

    /** One request of this API, read. */
    interface Asked {
        GenerationRequest request();

        /**
         * The answer to a request that wants a model to be loaded but no text; null for all others.
         *
         * @param model which is loaded
         */
        default @Nullable Object withoutRun(String model) {
            return null;
        }

        /** What takes the answer when the request is to go on without its client; null for all others. */
        default @Nullable Background background() {
            return null;
        }

        /**
         * The answer, which takes the events of the run and writes them as this API does.
         *
         * @param valid the request with everything looked up
         * @param client where the answer goes
         */
        Answer answer(ValidRequest valid, Client client);
    }
}
