package ai.realm.core.sampling;

import ai.realm.core.error.RealmException;
import ai.realm.core.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Makes the tokens impossible that a request's {@link TokenRules} forbid. Where they would leave none, as together with a grammar
 * that is complete, they give way.
 */
final class TokenRulesStage implements SamplerStage {
    private final TokenRules rules;
    private final int[] ends;
    /** A bit for each id that may be chosen; empty for all. */
    private final long[] allowed;
    private final List<int[]> badWords;
    private final TokenWindow window;
    private final boolean[] banned;
    private int generated;

    /** @param ends the ids that end the generation */
    TokenRulesStage(TokenRules rules, Set<Integer> ends, Tokenizer tokenizer, int vocabSize) {
        this.rules = rules;
        this.ends = ends.stream().mapToInt(Integer::intValue).filter(id -> id < vocabSize).toArray();
        this.allowed = bits(rules, ends, vocabSize);
        this.badWords = tokens(rules.badWords(), tokenizer);
        this.window = new TokenWindow(badWords.stream().mapToInt(w -> w.length).max().orElse(0));
        this.banned = new boolean[vocabSize];
    }

    private static long[] bits(TokenRules rules, Set<Integer> ends, int vocabSize) {
        if (rules.allowed().isEmpty()) {
            return new long[0];
        }
        long[] bits = new long[(vocabSize + 63) / 64];
        for (int id : rules.allowed()) {
            if (id < 0 || id >= vocabSize) {
                throw RealmException.badParam("allowed_token_ids",
                        "allowed_token_ids must be ids below " + vocabSize + ", not " + id);
            }
            bits[id >> 6] |= 1L << id;
        }
        ends.stream().filter(id -> id < vocabSize).forEach(id -> bits[id >> 6] |= 1L << id);
        return bits;
    }

    /** Each word as it stands at the beginning of a text and after a blank. */
    static List<int[]> tokens(List<String> words, Tokenizer tokenizer) {
        List<int[]> all = new ArrayList<>();
        for (String word : words) {
            for (String form : List.of(word, " " + word.stripLeading())) {
                int[] ids = tokenizer.encode(form, false, false);
                if (ids.length > 0 && all.stream().noneMatch(known -> Arrays.equals(known, ids))) {
                    all.add(ids);
                }
            }
        }
        return all;
    }

    @Override
    public void accept(int token) {
        generated++;
        if (!badWords.isEmpty()) {
            window.push(token);
        }
    }

    @Override
    public void apply(Candidates c) {
        if (rules.ignoreEnd() || generated < rules.minTokens()) {
            ban(ends, true);
        }
        for (int[] word : badWords) {
            banLast(word, true);
        }
        if (leavesSome(c)) {
            for (int i = 0; i < c.size(); i++) {
                if (forbids(c.id(i))) {
                    c.setLogit(i, Float.NEGATIVE_INFINITY);
                }
            }
            c.orderChanged();
        }
        ban(ends, false);
        for (int[] word : badWords) {
            banLast(word, false);
        }
    }

    private void ban(int[] ids, boolean now) {
        for (int id : ids) {
            banned[id] = now;
        }
    }

    /** Bans the last token of a word when those before it were the last of the output. */
    private void banLast(int[] word, boolean now) {
        int last = word.length - 1;
        if (last > window.size() || word[last] >= banned.length) {
            return;
        }
        for (int i = 0; i < last; i++) {
            if (window.fromEnd(last - 1 - i) != word[i]) {
                return;
            }
        }
        banned[word[last]] = now;
    }

    private boolean forbids(int id) {
        return banned[id] || allowed.length > 0 && (allowed[id >> 6] >> id & 1) == 0;
    }

    private boolean leavesSome(Candidates c) {
        for (int i = 0; i < c.size(); i++) {
            if (c.logit(i) != Float.NEGATIVE_INFINITY && !forbids(c.id(i))) {
                return true;
            }
        }
        return false;
    }
}
