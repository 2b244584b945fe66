package ai.realm.core.sampling.grammar.regular;

import java.util.List;

/** What a regular expression is made of. */
sealed interface RegexNode {
    /** One code point of a set. */
    @SuppressWarnings("ArrayRecordComponent")
    record One(int[] set) implements RegexNode {}

    record Sequence(List<RegexNode> parts) implements RegexNode {}

    record Choice(List<RegexNode> options) implements RegexNode {}

    /** @param max negative for no bound */
    record Repeat(RegexNode item, int min, int max) implements RegexNode {}

    record Place(Nfa.Condition condition) implements RegexNode {}

    /** What must follow, or must not, without being taken. */
    record LookAhead(RegexNode what, boolean negative) implements RegexNode {}

    default boolean looksAhead() {
        return switch (this) {
            case LookAhead l -> true;
            case Sequence s -> s.parts.stream().anyMatch(RegexNode::looksAhead);
            case Choice c -> c.options.stream().anyMatch(RegexNode::looksAhead);
            case Repeat r -> r.item.looksAhead();
            case One o -> false;
            case Place p -> false;
        };
    }

    /** Whether it asks for what stands before it; then it cannot be looked at without that. */
    default boolean looksBack() {
        return switch (this) {
            case LookAhead l -> l.what.looksBack();
            case Sequence s -> s.parts.stream().anyMatch(RegexNode::looksBack);
            case Choice c -> c.options.stream().anyMatch(RegexNode::looksBack);
            case Repeat r -> r.item.looksBack();
            case One o -> false;
            case Place p -> p.condition != Nfa.Condition.END;
        };
    }

    /** What is left of it where the text's begin is behind. */
    default RegexNode withoutBegin() {
        return switch (this) {
            case LookAhead l -> new LookAhead(l.what.withoutBegin(), l.negative);
            case Sequence s -> new Sequence(s.parts.stream().map(RegexNode::withoutBegin).toList());
            case Choice c -> new Choice(c.options.stream().map(RegexNode::withoutBegin).toList());
            case Repeat r -> new Repeat(r.item.withoutBegin(), r.min, r.max);
            case One o -> o;
            case Place p -> p.condition == Nfa.Condition.BEGIN ? new One(CodePoints.NONE) : p;
        };
    }
}
