package ai.realm.core.chat.jinja;

import org.jspecify.annotations.Nullable;

/** Something that a template can call. */
interface PyCallable {
    @Nullable
    Object call(Context c, Args args);
}
