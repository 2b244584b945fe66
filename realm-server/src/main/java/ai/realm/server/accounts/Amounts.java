package ai.realm.server.accounts;

import java.util.function.ToLongFunction;

/** So much of each {@link Budget.Kind}. */
public record Amounts(long requests, long tokens, long day, long places) {
    public static final Amounts NONE = new Amounts(0, 0, 0, 0);

    /** What a function says of each kind. */
    public static Amounts each(ToLongFunction<Budget.Kind> amount) {
        return new Amounts(amount.applyAsLong(Budget.Kind.REQUESTS), amount.applyAsLong(Budget.Kind.TOKENS),
                amount.applyAsLong(Budget.Kind.DAY), amount.applyAsLong(Budget.Kind.PLACES));
    }

    /** The amount of one kind. */
    public long of(Budget.Kind kind) {
        return switch (kind) {
            case REQUESTS -> requests;
            case TOKENS -> tokens;
            case DAY -> day;
            case PLACES -> places;
        };
    }

    public Amounts plus(Amounts other) {
        return each(k -> of(k) + other.of(k));
    }

    public Amounts minus(Amounts other) {
        return each(k -> of(k) - other.of(k));
    }

    public boolean isNone() {
        return equals(NONE);
    }
}
