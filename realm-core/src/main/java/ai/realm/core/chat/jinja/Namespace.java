package ai.realm.core.chat.jinja;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Jinja's namespace(): the one value whose attributes a template may set. */
final class Namespace {
    final Map<Object, @Nullable Object> attributes = new LinkedHashMap<>();
}
