package ai.realm.core.chat.jinja;

/** A statement of a template. Run through {@link Context#run}, which counts steps and depth. */
interface Stmt {
    /** How a statement ended: whether the enclosing loop goes on. */
    enum Flow {
        NORMAL,
        BREAK,
        CONTINUE
    }

    Flow run(Context c);
}
