package ai.realm.core.chat.jinja;

import org.jspecify.annotations.Nullable;

/** An expression of a template. Evaluate through {@link Context#eval}, which counts steps and depth. */
interface Expr {
    @Nullable
    Object eval(Context c);
}
