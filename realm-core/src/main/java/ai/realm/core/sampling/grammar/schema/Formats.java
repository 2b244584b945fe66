package ai.realm.core.sampling.grammar.schema;

import ai.realm.core.sampling.grammar.regular.Dfa;
import ai.realm.core.sampling.grammar.regular.Regex;
import ai.realm.core.sampling.grammar.regular.WorkBudget;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The texts of a format: each a part of what its standard allows, wide enough for what people write, and never more. Names that
 * are not among them are annotations, as the standard has it.
 */
final class Formats {
    private static final String DATE = "(?!0000)(?:[0-9]{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
            + "|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
            + "|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)";
    private static final String TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{1,9})?"
            + "(?:Z|[+-](?:0[0-9]|1[0-7]):[0-5][0-9])";
    private static final String OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    private static final String IPV4 = OCTET + "(?:\\." + OCTET + "){3}";
    private static final String H16 = "[0-9A-Fa-f]{1,4}";
    private static final String LS32 = "(?:" + H16 + ":" + H16 + "|" + IPV4 + ")";
    private static final String IPV6 = "(?:" + H16 + ":){6}" + LS32 + "|::(?:" + H16 + ":){5}" + LS32 + "|(?:" + H16 + ")?::(?:"
            + H16 + ":){4}" + LS32 + upTo(1) + "(?:" + H16 + ":){3}" + LS32 + upTo(2) + "(?:" + H16 + ":){2}" + LS32 + upTo(3)
            + H16
            + ":" + LS32 + upTo(4) + LS32 + upTo(5) + H16 + upTo(6);
    private static final String OTHER_LETTERS = "\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u024F\\u0391-\\u03A1\\u03A3-\\u03C9"
            + "\\u0410-\\u044F\\u3041-\\u3096\\u30A1-\\u30FA\\u4E00-\\u9FA5\\uAC00-\\uD7A3";
    private static final String ATEXT = "A-Za-z0-9!#$%&'*+/=?^_`{|}~";
    private static final String LABEL = "[A-Za-z0-9](?:-?[A-Za-z0-9]){0,15}";
    private static final String POINTER = "(?:/(?:[^/~]|~[01])*)*";
    private static final String HMS = "T(?:[0-9]{1,9}H(?:[0-9]{1,9}M(?:[0-9]{1,9}S)?)?|[0-9]{1,9}M(?:[0-9]{1,9}S)?|[0-9]{1,9}S)";

    private static final Map<String, String> EXPRESSIONS = Map.ofEntries(Map.entry("date", DATE), Map.entry("time", TIME),
            Map.entry("date-time", DATE + "T" + TIME),
            Map.entry("duration", "P(?:[0-9]{1,9}W|(?:[0-9]{1,9}Y(?:[0-9]{1,9}M(?:[0-9]{1,9}D)?)?|[0-9]{1,9}M(?:[0-9]{1,9}D)?"
                    + "|[0-9]{1,9}D)(?:" + HMS + ")?|" + HMS + ")"),
            Map.entry("email", email(ATEXT)), Map.entry("idn-email", email(ATEXT + OTHER_LETTERS)),
            // capitals are no part of an international name (RFC 5892)
            Map.entry("hostname", host(6)), Map.entry("idn-hostname", host(6).replace("A-Z", "")), Map.entry("ipv4", IPV4),
            Map.entry("ipv6", IPV6),
            Map.entry("uuid", "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"), Map.entry("uri", uri("")),
            Map.entry("iri", uri(OTHER_LETTERS)), Map.entry("uri-reference", uri("") + "|" + relative("")),
            Map.entry("iri-reference", uri(OTHER_LETTERS) + "|" + relative(OTHER_LETTERS)),
            Map.entry("uri-template", "(?:[A-Za-z0-9._~:/?#@&=+,;-]|\\{[+#./;?&]?[A-Za-z0-9_]+(?::[1-9][0-9]{0,2}|\\*)?"
                    + "(?:,[A-Za-z0-9_]+(?::[1-9][0-9]{0,2}|\\*)?)*\\})*"),
            Map.entry("json-pointer", POINTER),
            Map.entry("relative-json-pointer", "(?:0|[1-9][0-9]{0,8})(?:#|" + POINTER + ")"));

    private static final Map<String, Dfa> KNOWN = new ConcurrentHashMap<>();

    private Formats() {
    }

    private static String upTo(int groups) {
        return "|(?:(?:" + H16 + ":){0," + groups + "}" + H16 + ")?::";
    }

    /** Names of at most 31 characters, few enough for the whole to stay below 253. */
    private static String host(int more) {
        return LABEL + "(?:\\." + LABEL + "){0," + more + "}";
    }

    private static String email(String letters) {
        return "[" + letters + "-]{1,20}(?:\\.[" + letters + "-]{1,20}){0,2}@(?:" + LABEL + "\\.){1,4}[A-Za-z]{2,12}";
    }

    private static String pchar(String more, String letters) {
        return "(?:[A-Za-z0-9._~!$&'()*+,;=:@" + more + letters + "-]|%[0-9A-Fa-f]{2})";
    }

    private static String end(String letters) {
        return "(?:\\?" + pchar("/?", letters) + "*)?(?:#" + pchar("/?", letters) + "*)?";
    }

    private static String authority(String letters) {
        String name = "(?:[A-Za-z0-9._~-]|%[0-9A-Fa-f]{2})*";
        return "//(?:" + name + "@)?[A-Za-z0-9" + letters + "](?:[A-Za-z0-9._" + letters + "-]*[A-Za-z0-9" + letters
                + "])?(?::[1-5]?[0-9]{1,4})?(?:/" + pchar("", letters) + "*)*";
    }

    private static String uri(String letters) {
        String p = pchar("", letters);
        return "[A-Za-z][A-Za-z0-9+.-]*:(?:" + authority(letters) + "|///" + p + "+(?:/" + p + "*)*|/" + p + "+(?:/" + p + "*)*|"
                + p
                + "+(?:/" + p + "*)*)" + end(letters);
    }

    private static String relative(String letters) {
        String p = pchar("", letters);
        String first = "(?:[A-Za-z0-9._~!$&'()*+,;=@" + letters + "-]|%[0-9A-Fa-f]{2})+";
        return "(?:" + authority(letters) + "|/(?:" + p + "+(?:/" + p + "*)*)?|" + first + "(?:/" + p + "*)*|)" + end(letters);
    }

    /** The texts of a schema's format, or null when it is not held. */
    static @Nullable Dfa of(Schema s) {
        String name = s.text("format");
        String expression = EXPRESSIONS.get(name);
        return expression == null
                ? null
                : KNOWN.computeIfAbsent(name, n -> Regex.whole(expression, new WorkBudget(50_000_000)));
    }
}
