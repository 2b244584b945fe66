package ai.realm.core.chat.jinja;

/** Jinja's undefined value: prints as nothing, is empty and false, and fails with this message when anything else is asked of it. */
record Undefined(String message) {
    static Undefined name(String name) {
        return new Undefined(PyRepr.quote(name) + " is undefined");
    }

    JinjaError fail() {
        return JinjaError.runtime(message);
    }
}
