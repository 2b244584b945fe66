package ai.realm.core.chat.tools;

/** Functionary: 3.2 names a recipient before each part, 3.1 writes a function's element with JSON in it. */
final class FunctionaryFormat {
    private FunctionaryFormat() {
    }

    static boolean fits(String template) {
        return template.contains(">>>all") || template.contains("<function=");
    }

    static ChatFormat of(String template) {
        return template.contains(">>>all")
                ? MarkedFormat.of("functionary-v3.2", new RecipientCalls(">>>"), template).dropping(">>>all\n").continuing(">>>")
                : MarkedFormat.of("functionary-v3.1",
                        NamedCalls.open("<function=").separator(">").close("</function>").build(), template);
    }
}
