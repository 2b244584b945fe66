package ai.realm.core.chat.jinja;

import java.time.Clock;
import java.time.LocalDateTime;
import java.time.format.TextStyle;
import java.time.temporal.ChronoUnit;
import java.time.temporal.IsoFields;
import java.util.Locale;

/** Python's strftime in the C locale. */
final class Strftime {
    private Strftime() {
    }

    static String format(Clock clock, String format) {
        LocalDateTime t = LocalDateTime.now(clock);
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char x = format.charAt(i);
            if (x != '%' || i + 1 == format.length()) {
                out.append(x);
                continue;
            }
            char directive = format.charAt(++i);
            boolean unpadded = directive == '-' && i + 1 < format.length();
            if (unpadded) {
                directive = format.charAt(++i);
            }
            String value = directive(t, directive);
            out.append(unpadded ? withoutPadding(value) : value);
        }
        return out.toString();
    }

    private static String withoutPadding(String value) {
        int from = 0;
        while (from < value.length() - 1 && (value.charAt(from) == '0' || value.charAt(from) == ' ')) {
            from++;
        }
        return value.substring(from);
    }

    private static String directive(LocalDateTime t, char directive) {
        int weekday = t.getDayOfWeek().getValue() % 7;
        return switch (directive) {
            case 'Y' -> String.valueOf(t.getYear());
            case 'y' -> two(t.getYear() % 100);
            case 'C' -> two(t.getYear() / 100);
            case 'm' -> two(t.getMonthValue());
            case 'd' -> two(t.getDayOfMonth());
            case 'e' -> String.format("%2d", t.getDayOfMonth());
            case 'H' -> two(t.getHour());
            case 'I' -> two((t.getHour() + 11) % 12 + 1);
            case 'k' -> String.format("%2d", t.getHour());
            case 'l' -> String.format("%2d", (t.getHour() + 11) % 12 + 1);
            case 'M' -> two(t.getMinute());
            case 'S' -> two(t.getSecond());
            case 'f' -> String.format("%06d", t.getNano() / 1000);
            case 'p' -> t.getHour() < 12 ? "AM" : "PM";
            case 'P' -> t.getHour() < 12 ? "am" : "pm";
            case 'A' -> t.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'a' -> t.getDayOfWeek().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
            case 'B' -> t.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
            case 'b', 'h' -> t.getMonth().getDisplayName(TextStyle.SHORT, Locale.ENGLISH);
            case 'j' -> String.format("%03d", t.getDayOfYear());
            case 'u' -> String.valueOf(t.getDayOfWeek().getValue());
            case 'w' -> String.valueOf(weekday);
            case 'U' -> two((t.getDayOfYear() + 6 - weekday) / 7);
            case 'W' -> two((t.getDayOfYear() + 6 - (weekday + 6) % 7) / 7);
            case 'V' -> two(t.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
            case 'G' -> String.valueOf(t.get(IsoFields.WEEK_BASED_YEAR));
            case 'D', 'x' -> directive(t, 'm') + "/" + directive(t, 'd') + "/" + directive(t, 'y');
            case 'F' -> t.getYear() + "-" + directive(t, 'm') + "-" + directive(t, 'd');
            case 'T', 'X' -> directive(t, 'H') + ":" + directive(t, 'M') + ":" + directive(t, 'S');
            case 'R' -> directive(t, 'H') + ":" + directive(t, 'M');
            case 'r' -> directive(t, 'I') + ":" + directive(t, 'M') + ":" + directive(t, 'S') + " " + directive(t, 'p');
            case 'c' -> directive(t, 'a') + " " + directive(t, 'b') + " " + directive(t, 'e') + " " + directive(t, 'T') + " "
                    + t.getYear();
            case 's' -> String.valueOf(
                    LocalDateTime.of(1970, 1, 1, 0, 0).until(t.truncatedTo(ChronoUnit.SECONDS), ChronoUnit.SECONDS));
            case 'n' -> "\n";
            case 't' -> "\t";
            case 'z', 'Z' -> "";
            case '%' -> "%";
            default -> "%" + directive;
        };
    }

    private static String two(int value) {
        return value < 10 ? "0" + value : String.valueOf(value);
    }
}
