package ai.realm.server.cli.load;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One tenant of a load: who it is and what it asks.
 *
 * @param rate requests a second, on average
 * @param promptTokens words of a prompt, each about a token
 * @param outputTokens tokens asked for
 */
record LoadTenant(String name, String key, double rate, int promptTokens, int outputTokens) {
    private static final Pattern FORM = Pattern.compile("([^=]+)=(.+):([0-9.]+):(\\d+):(\\d+)");

    /** Reads {@code NAME=KEY:RATE:PROMPT:OUTPUT}. */
    static LoadTenant parse(String text) {
        Matcher m = FORM.matcher(text);
        if (!m.matches()) {
            throw new IllegalArgumentException("a tenant must be NAME=KEY:RATE:PROMPT:OUTPUT");
        }
        LoadTenant t = new LoadTenant(m.group(1), m.group(2), Double.parseDouble(m.group(3)), Integer.parseInt(m.group(4)),
                Integer.parseInt(m.group(5)));
        if (!(t.rate > 0 && t.rate <= 10_000) || t.promptTokens < 1 || t.outputTokens < 1) {
            throw new IllegalArgumentException("a tenant's rate, prompt and output must be above 0: " + t.name);
        }
        return t;
    }
}
