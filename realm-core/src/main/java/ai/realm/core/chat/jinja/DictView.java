package ai.realm.core.chat.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The keys, values or items of a dict, as its methods give them. */
record DictView(Kind kind, Map<Object, @Nullable Object> map) {

    enum Kind {
        KEYS("dict_keys"),
        VALUES("dict_values"),
        ITEMS("dict_items");

        final String typeName;

        Kind(String typeName) {
            this.typeName = typeName;
        }
    }

    List<@Nullable Object> list() {
        List<@Nullable Object> out = new ArrayList<>(map.size());
        map.forEach((key, value) -> out.add(switch (kind) {
            case KEYS -> key;
            case VALUES -> value;
            case ITEMS -> new PyTuple(key, value);
        }));
        return out;
    }
}
