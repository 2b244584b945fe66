package ai.realm.server.http.json;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What is wrong with a text that is not JSON, and where; never the text around it, which may be a prompt. */
final class JsonMistake {
    private static final Pattern DUPLICATE = Pattern.compile("Duplicate (?:field|Object property) [\"'](.*)[\"']",
            Pattern.DOTALL);
    private static final Pattern UNEXPECTED = Pattern
            .compile("Unexpected character \\('?(.{1,2}?)'? \\(code (\\d+)[^)]*\\)\\)(?:: (expected|was expecting) (.*))?",
                    Pattern.DOTALL);

    private JsonMistake() {
    }

    /** @param where the parser was */
    static String of(JsonProcessingException e, @Nullable JsonLocation where) {
        return what(e) + where(where);
    }

    private static String what(JsonProcessingException e) {
        String message = String.valueOf(e.getOriginalMessage());
        if (e instanceof StreamConstraintsException) {
            return message.contains("nesting depth")
                    ? "it is nested more than " + Json.MAX_DEPTH + " deep"
                    : message.contains("Number")
                            ? "a number has more than " + Json.MAX_NUMBER + " characters"
                            : "it is larger than the server reads";
        }
        if (e instanceof JsonEOFException || message.startsWith("No content") || message.startsWith("Unexpected end-of-input")) {
            return "it ends too early";
        }
        Matcher duplicate = DUPLICATE.matcher(message);
        if (duplicate.find()) {
            return "the key '" + JsonFields.shown(duplicate.group(1)) + "' is given twice in one object";
        }
        if (message.startsWith("Trailing token")) {
            return "something follows its end";
        }
        return ofCharacters(message);
    }

    /** Those of the parser's messages that name a character or a rule; one that would quote the text becomes a rule. */
    private static String ofCharacters(String message) {
        Matcher unexpected = UNEXPECTED.matcher(message);
        if (unexpected.find()) {
            int code = Integer.parseInt(unexpected.group(2));
            String character = code > ' ' && code < 0x7f ? "'" + (char) code + "'" : "U+%04X".formatted(code);
            String wanted = unexpected.group(4);
            return "there is an unexpected " + character
                    + (wanted == null || !wanted.matches("[A-Za-z0-9 ,'\"(){}\\[\\]:/.-]{1,120}")
                            ? ""
                            : " where " + wanted + " is wanted");
        }
        if (message.startsWith("Unrecognized token")) {
            return "there is a word that is none of true, false and null";
        }
        if (message.startsWith("Illegal unquoted character")) {
            return "a string holds a control character that is not escaped";
        }
        if (message.startsWith("Unrecognized character escape")) {
            return "a string holds an escape that JSON does not have";
        }
        if (message.contains("eading zeroes")) {
            return "a number begins with a zero that must not be there";
        }
        if (message.startsWith("Invalid numeric value") || message.contains("umeric")) {
            return "a number is malformed";
        }
        return "it is malformed";
    }

    private static String where(@Nullable JsonLocation where) {
        return where == null || where.getLineNr() < 1
                ? ""
                : " (line " + where.getLineNr() + ", column " + where.getColumnNr() + ")";
    }
}
