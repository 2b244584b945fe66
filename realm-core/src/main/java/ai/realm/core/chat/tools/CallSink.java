package ai.realm.core.chat.tools;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where the parts of one call go while it is read. Held back until the call is complete, or, where the text is known to keep to the
 * grammar, passed on as soon as the name is known.
 */
final class CallSink {
    private final Emitter out;
    private final @Nullable Map<String, Tool> tools;
    private final boolean hold;
    private final StringBuilder arguments = new StringBuilder();
    private @Nullable String name;
    private @Nullable String id;
    private boolean begun;
    private int ended;
    private final Set<String> members = new HashSet<>();

    /** @param tools those that may be called; null for any */
    CallSink(Emitter out, @Nullable Map<String, Tool> tools, boolean hold) {
        this.out = out;
        this.tools = tools;
        this.hold = hold;
    }

    /** False when there is no such tool. */
    boolean name(String called) {
        if (called.isEmpty() || name != null || tools != null && !tools.containsKey(called)) {
            return false;
        }
        name = called;
        return true;
    }

    boolean isNamed() {
        return name != null;
    }

    /** The tool that is called, or null when it is not known. */
    @Nullable
    Tool tool() {
        return tools == null || name == null ? null : tools.get(name);
    }

    void id(String given) {
        id = given;
    }

    void arguments(CharSequence more) {
        arguments.append(more);
        if (!hold && name != null) {
            pass();
        }
    }

    /** One argument, for formats that write them one by one. False when it was there already. */
    boolean member(String key, String json) {
        StringBuilder text = new StringBuilder(members.isEmpty() ? "{" : ", ");
        if (!members.add(key)) {
            return false;
        }
        JsonText.quote(key, text);
        arguments(text.append(": ").append(json));
        return true;
    }

    private void pass() {
        if (!begun) {
            out.begin(ended, String.valueOf(name), id);
            begun = true;
        }
        out.arguments(arguments);
        arguments.setLength(0);
    }

    /** The call is complete. */
    void end() {
        if (!members.isEmpty()) {
            arguments.append('}');
        } else if (!begun && arguments.isEmpty()) {
            arguments.append("{}");
        }
        pass();
        out.end(ended++);
        forget();
    }

    /** The call breaks off here. False when nothing of it was passed on, so that its text is text of the answer. */
    boolean breakOff() {
        boolean shown = begun;
        if (shown) {
            ended++;
        }
        forget();
        return shown;
    }

    private void forget() {
        begun = false;
        name = null;
        id = null;
        members.clear();
        arguments.setLength(0);
    }

    boolean begun() {
        return begun;
    }

    /** Calls so far. */
    int ended() {
        return ended;
    }
}
