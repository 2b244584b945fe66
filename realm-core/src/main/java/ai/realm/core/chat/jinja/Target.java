package ai.realm.core.chat.jinja;

import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What can be assigned to: a name, an attribute of a namespace, or a tuple of such. */
sealed interface Target {
    void assign(Context c, @Nullable Object value);

    record Name(String name) implements Target {
        @Override
        public void assign(Context c, @Nullable Object value) {
            c.scope.set(name, value);
        }
    }

    record Attribute(String namespace, String name) implements Target {
        @Override
        public void assign(Context c, @Nullable Object value) {
            if (!(c.lookup(namespace) instanceof Namespace n)) {
                throw JinjaError.runtime("cannot assign attribute on non-namespace object");
            }
            n.attributes.put(name, value);
        }
    }

    record Tuple(List<Target> targets) implements Target {
        @Override
        public void assign(Context c, @Nullable Object value) {
            if (!Py.isIterable(value)) {
                throw JinjaError.runtime("cannot unpack non-iterable " + Py.typeName(value) + " object");
            }
            Object[] parts = new Object[targets.size()];
            int n = 0;
            for (Iterator<@Nullable Object> it = Py.iterate(value); it.hasNext(); n++) {
                if (n == parts.length) {
                    throw JinjaError.runtime("too many values to unpack (expected " + parts.length + ")");
                }
                parts[n] = it.next();
            }
            if (n < parts.length) {
                throw JinjaError.runtime("not enough values to unpack (expected " + parts.length + ", got " + n + ")");
            }
            for (int i = 0; i < n; i++) {
                targets.get(i).assign(c, parts[i]);
            }
        }
    }
}
