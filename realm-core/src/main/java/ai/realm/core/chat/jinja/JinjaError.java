package ai.realm.core.chat.jinja;

/** What stops a template, inside the engine; leaves it as a RealmException that tells the line. */
final class JinjaError extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The line known where it was raised, or 0. */
    final int line;
    /** Raised by the template itself: its message is shown as it is. */
    final boolean raised;

    private JinjaError(String message, int line, boolean raised) {
        super(message, null, false, false);
        this.line = line;
        this.raised = raised;
    }

    static JinjaError syntax(String message, int line) {
        return new JinjaError(message, line, false);
    }

    static JinjaError runtime(String message) {
        return new JinjaError(message, 0, false);
    }

    static JinjaError raised(String message) {
        return new JinjaError(message, 0, true);
    }
}
