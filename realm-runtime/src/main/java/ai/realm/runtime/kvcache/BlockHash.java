package ai.realm.runtime.kvcache;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The SHA-256 of everything that a KvBlock's contents depend on: the tokens in it, those before it, and the salt at the
 * beginning. Equal hashes are equal contents: no collision of SHA-256 is known, let alone one made of token ids.
 */
record BlockHash(long a, long b, long c, long d) {

    /** The beginning of the chain of a salt. */
    static BlockHash root(String salt) {
        return digest(ByteBuffer.wrap(salt.getBytes(StandardCharsets.UTF_8)));
    }

    /** The hash of a block that follows this one. */
    BlockHash next(int[] tokens, int from, int to) {
        ByteBuffer in = ByteBuffer.allocate(32 + (to - from) * 4);
        put(in);
        for (int i = from; i < to; i++) {
            in.putInt(tokens[i]);
        }
        return digest(in.flip());
    }

    /** This hash bound to another chain's. */
    BlockHash join(BlockHash other) {
        ByteBuffer in = ByteBuffer.allocate(64);
        put(in);
        other.put(in);
        return digest(in.flip());
    }

    private void put(ByteBuffer in) {
        in.putLong(a).putLong(b).putLong(c).putLong(d);
    }

    private static BlockHash digest(ByteBuffer in) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            sha.update(in);
            ByteBuffer out = ByteBuffer.wrap(sha.digest());
            return new BlockHash(out.getLong(), out.getLong(), out.getLong(), out.getLong());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every JDK has SHA-256", e);
        }
    }
}
