package ai.realm.runtime.kvcache;

import java.util.List;

/** Beginnings of prompts, as token ids, that the operator declared common to all tenants. Immutable. */
public final class SharedPrefixes {
    public static final SharedPrefixes NONE = new SharedPrefixes(List.of());

    private final List<int[]> prefixes;

    public SharedPrefixes(List<int[]> prefixes) {
        this.prefixes = prefixes.stream().map(int[]::clone).toList();
    }

    /** How many first blocks of a prompt lie wholly within the longest of the prefixes that it agrees with. */
    public int sharedBlocks(int[] prompt, int blockPositions) {
        int longest = 0;
        for (int[] prefix : prefixes) {
            int same = 0;
            int limit = Math.min(prefix.length, prompt.length);
            while (same < limit && prefix[same] == prompt[same]) {
                same++;
            }
            longest = Math.max(longest, same / blockPositions);
        }
        return longest;
    }
}
