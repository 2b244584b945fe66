package ai.realm.core.chat.jinja;

/**
 * What a rendering may use up. A chat template comes from a file that someone downloaded.
 *
 * @param steps nodes evaluated, plus work in proportion to values' sizes
 * @param depth of nested evaluation, calls included
 * @param output characters of the result, and of every captured part
 * @param valueSize characters of one string, entries of one list
 * @param allocation of all strings and lists made, together
 * @param range numbers in one range()
 * @param timeNanos of the whole rendering
 */
record Limits(long steps, int depth, long output, long valueSize, long allocation, int range, long timeNanos) {
    /** Room for a conversation of many megabytes, far below what would hurt the server. */
    static final Limits DEFAULT = new Limits(20_000_000, 1500, 32 << 20, 16 << 20, 128 << 20, 100_000, 2_000_000_000L);
}
