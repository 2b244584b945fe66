package ai.realm.runtime.guest;

import com.dylibso.chicory.wasm.types.NameCustomSection;
import java.util.ArrayList;
import java.util.List;

/**
 * Where a guest was when it failed: its own functions, innermost first, with their places in the module's bytes as
 * {@code wasm-objdump -d} shows them.
 */
final class GuestTrace {
    private static final int MAX_FRAMES = 8;
    private static final int MAX_CAUSES = 4;
    private static final String CLASSES = "com.dylibso.chicory.$gen.CompiledMachine";
    private static final String FUNCTION = "func_";

    private GuestTrace() {
    }

    /** {@code parse at 0x1b3 < generate at 0x211}; empty when no guest code is in the stack. */
    static String of(Throwable thrown, GuestSymbols symbols) {
        List<StackTraceElement> frames = frames(thrown);
        if (frames.isEmpty()) {
            return "";
        }
        NameCustomSection names = symbols.readNames();
        List<String> shown = new ArrayList<>();
        for (StackTraceElement frame : frames) {
            int function = function(frame);
            if (function < symbols.imported()) {
                continue; // a wrapper of the host's own
            }
            if (shown.size() == MAX_FRAMES) {
                shown.add("…");
                break;
            }
            long at = symbols.offset(function, frame.getLineNumber());
            shown.add(symbols.name(function, names) + (at < 0 ? "" : " at 0x" + Long.toHexString(at)));
        }
        return String.join(" < ", shown);
    }

    private static List<StackTraceElement> frames(Throwable thrown) {
        Throwable t = thrown;
        for (int i = 0; t != null && i < MAX_CAUSES; i++, t = t.getCause()) {
            List<StackTraceElement> own = new ArrayList<>();
            for (StackTraceElement e : t.getStackTrace()) {
                if (e.getClassName().startsWith(CLASSES) && function(e) >= 0) {
                    own.add(e);
                }
            }
            if (!own.isEmpty()) {
                return own;
            }
        }
        return List.of();
    }

    private static int function(StackTraceElement frame) {
        String method = frame.getMethodName();
        return method.startsWith(FUNCTION) ? Integer.parseInt(method, FUNCTION.length(), method.length(), 10) : -1;
    }
}
