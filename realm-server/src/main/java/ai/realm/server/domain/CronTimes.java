package ai.realm.server.domain;

import static ai.realm.server.domain.Checks.bad;

import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.BitSet;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * When something is due, as cron's five fields say it, in UTC: minute, hour, day of the month, month, day of the week (0 and 7 are
 * Sunday). As with cron, a day must match either of the two fields for days when both are restricted. Immutable.
 */
public final class CronTimes {
    private static final Map<String, String> NAMED = Map.of("@hourly", "0 * * * *", "@daily", "0 0 * * *", "@weekly", "0 0 * * 0",
            "@monthly", "0 0 1 * *");
    private static final Pattern PART = Pattern.compile("(\\*|(\\d{1,2})(?:-(\\d{1,2}))?)(?:/(\\d{1,2}))?");
    /** The 29th of February comes within eight years. */
    private static final int DAYS = 366 * 8 + 1;

    private final String text;
    private final BitSet minutes;
    private final BitSet hours;
    private final BitSet days;
    private final BitSet months;
    private final BitSet weekdays;
    private final boolean eitherDay;

    private CronTimes(String at, String text) {
        this.text = text;
        String[] fields = NAMED.getOrDefault(text, text).strip().split("\\s+");
        if (fields.length != 5) {
            throw bad(at + " must be five fields as */15 * * * *, or @hourly, @daily, @weekly or @monthly, not " + shown(text));
        }
        minutes = field(at, fields[0], 0, 59);
        hours = field(at, fields[1], 0, 23);
        days = field(at, fields[2], 1, 31);
        months = field(at, fields[3], 1, 12);
        weekdays = field(at, fields[4], 0, 7);
        if (weekdays.get(7)) {
            weekdays.set(0);
        }
        eitherDay = !fields[2].startsWith("*") && !fields[4].startsWith("*");
    }

    /** @throws ai.realm.core.error.RealmException INVALID_REQUEST, for a time that never comes too */
    public static CronTimes of(String at, String text) {
        CronTimes times = new CronTimes(at, text);
        if (times.last(Instant.parse("2032-12-31T23:59:59Z").toEpochMilli()) < 0) {
            throw bad(at + ": " + shown(text) + " never comes");
        }
        return times;
    }

    private static String shown(String text) {
        return text.length() > 64 ? text.substring(0, 64) + "…" : text;
    }

    private static BitSet field(String at, String field, int from, int to) {
        BitSet set = new BitSet();
        for (String part : field.split(",", -1)) {
            Matcher m = PART.matcher(part);
            if (!m.matches()) {
                throw bad(at + ": " + shown(part) + " must be *, a number or a range as 1-5, and /STEP if wanted");
            }
            boolean all = m.group(1).equals("*");
            int first = all ? from : Integer.parseInt(m.group(2));
            int last = all || m.group(4) != null && m.group(3) == null
                    ? to
                    : m.group(3) == null ? first : Integer.parseInt(m.group(3));
            int step = m.group(4) == null ? 1 : Integer.parseInt(m.group(4));
            if (first < from || last > to || first > last || step < 1) {
                throw bad(at + ": " + shown(part) + " must be within " + from + " and " + to);
            }
            for (int i = first; i <= last; i += step) {
                set.set(i);
            }
        }
        return set;
    }

    /** The last time that is not after {@code millis}; -1 when there is none in the eight years before. */
    public long last(long millis) {
        LocalDateTime now = LocalDateTime.ofInstant(Instant.ofEpochMilli(millis), ZoneOffset.UTC);
        LocalDate day = now.toLocalDate();
        for (int i = 0; i < DAYS; i++, day = day.minusDays(1)) {
            if (!isDay(day)) {
                continue;
            }
            int most = i == 0 ? now.getHour() * 60 + now.getMinute() : 24 * 60 - 1;
            for (int hour = hours.previousSetBit(most / 60); hour >= 0; hour = hours.previousSetBit(hour - 1)) {
                int minute = minutes.previousSetBit(hour == most / 60 ? most % 60 : 59);
                if (minute >= 0) {
                    return day.atTime(hour, minute).toInstant(ZoneOffset.UTC).toEpochMilli();
                }
            }
        }
        return -1;
    }

    private boolean isDay(LocalDate day) {
        boolean inMonth = days.get(day.getDayOfMonth());
        boolean inWeek = weekdays.get(day.getDayOfWeek().getValue() % 7);
        return months.get(day.getMonthValue()) && (eitherDay ? inMonth || inWeek : inMonth && inWeek);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CronTimes c && c.text.equals(text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    /** As it was written. */
    @Override
    public String toString() {
        return text;
    }
}
