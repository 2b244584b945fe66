package ai.realm.server.http.openai;

import ai.realm.core.error.RealmException;
import ai.realm.server.http.json.Json;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** One page of a list, as OpenAI's API has them: {@code limit}, {@code order} and {@code after} of a request's query. */
public final class Page {
    private static final int MOST = 100;
    private static final int USUAL = 20;

    private Page() {
    }

    /** How many are asked for. */
    public static int limit(Context ctx) {
        String given = ctx.queryParam("limit");
        if (given == null) {
            return USUAL;
        }
        if (!given.matches("\\d{1,4}") || Integer.parseInt(given) < 1 || Integer.parseInt(given) > MOST) {
            throw RealmException.badParam("limit", "limit must be 1 to " + MOST);
        }
        return Integer.parseInt(given);
    }

    /** Whether the newest come first, which they do unless asked otherwise. */
    public static boolean newestFirst(Context ctx) {
        String order = ctx.queryParam("order");
        if (order != null && !order.equals("asc") && !order.equals("desc")) {
            throw RealmException.badParam("order", "order must be asc or desc");
        }
        return !"asc".equals(order);
    }

    /** @param oldestFirst objects with an {@code id} */
    public static ObjectNode of(Context ctx, JsonNode oldestFirst) {
        int limit = limit(ctx);
        List<JsonNode> all = new ArrayList<>();
        oldestFirst.forEach(all::add);
        if (newestFirst(ctx)) {
            Collections.reverse(all);
        }
        String after = ctx.queryParam("after");
        int begin = 0;
        if (after != null) {
            while (begin < all.size() && !all.get(begin).path("id").asText().equals(after)) {
                begin++;
            }
            begin = Math.min(begin + 1, all.size());
        }
        int end = Math.min(all.size(), begin + limit);
        return list(all.subList(begin, end), end < all.size());
    }

    /** A list object of these. */
    public static ObjectNode list(List<? extends JsonNode> some, boolean more) {
        ObjectNode list = Json.mapper().createObjectNode().put("object", "list");
        ArrayNode data = list.putArray("data");
        some.forEach(data::add);
        return list.put("first_id", some.isEmpty() ? null : some.getFirst().path("id").asText())
                .put("last_id", some.isEmpty() ? null : some.getLast().path("id").asText()).put("has_more", more);
    }
}
