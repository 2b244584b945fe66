package ai.realm.core.sampling.grammar;

/**
 * Characters that some sets do not tell apart: each set has all of them or none. Those that are not ASCII belong to it all or not at
 * all; surrogates never do. One thread.
 */
final class CharGroup {
    /** ASCII below 64, and the rest of it, a bit each. */
    long low;
    long high;
    /** Whether all others belong to it. */
    boolean beyond;

    /** All characters. */
    void begin() {
        low = -1;
        high = -1;
        beyond = true;
    }

    /** Leaves those that belong to a set, or those that do not. */
    void restrict(CharClass set, boolean belong) {
        low &= belong ? set.low : ~set.low;
        high &= belong ? set.high : ~set.high;
        beyond &= belong ? set.beyond == CharClass.Part.ALL : set.beyond == CharClass.Part.NONE;
    }

    boolean contains(int codePoint) {
        return codePoint < 64
                ? (low >> codePoint & 1) != 0
                : codePoint < 128 ? (high >> codePoint & 1) != 0 : beyond && !CharClass.isSurrogate(codePoint);
    }

    CharGroup copy() {
        CharGroup out = new CharGroup();
        out.low = low;
        out.high = high;
        out.beyond = beyond;
        return out;
    }
}
