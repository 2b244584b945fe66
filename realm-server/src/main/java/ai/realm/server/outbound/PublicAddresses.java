package ai.realm.server.outbound;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * Which addresses are anybody's on the internet: not this machine's, its network's, a cloud's metadata or one that stands for another.
 * The lists are IANA's registries of special-purpose addresses, RFC 6890.
 */
final class PublicAddresses {
    private record Block(byte[] address, int bits) {
        static Block of(String text) {
            String[] parts = text.split("/");
            return new Block(bytes(parts[0]), Integer.parseInt(parts[1]));
        }

        boolean holds(byte[] other) {
            if (other.length != address.length) {
                return false;
            }
            for (int bit = 0; bit < bits; bit += Byte.SIZE) {
                int mask = 0xff00 >> Math.min(Byte.SIZE, bits - bit) & 0xff;
                if (((address[bit / Byte.SIZE] ^ other[bit / Byte.SIZE]) & mask) != 0) {
                    return false;
                }
            }
            return true;
        }
    }

    private static final List<Block> SPECIAL_V4 = blocks("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8",
            "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
            "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4");
    /** What is in use of the rest is given out for special purposes, or carries another address: mapped, NAT64, 6to4, Teredo. */
    private static final Block GLOBAL_V6 = Block.of("2000:0:0:0:0:0:0:0/3");
    private static final List<Block> SPECIAL_V6 = blocks("2001:0:0:0:0:0:0:0/23", "2001:db8:0:0:0:0:0:0/32",
            "2002:0:0:0:0:0:0:0/16", "3fff:0:0:0:0:0:0:0/20");

    private PublicAddresses() {
    }

    private static List<Block> blocks(String... texts) {
        return Arrays.stream(texts).map(Block::of).toList();
    }

    /** Of an address in full, without names to be asked for. */
    private static byte[] bytes(String address) {
        boolean v4 = address.contains(".");
        String[] parts = address.split(v4 ? "\\." : ":");
        ByteBuffer bytes = ByteBuffer.allocate(v4 ? 4 : 16);
        for (String part : parts) {
            if (v4) {
                bytes.put((byte) Integer.parseInt(part));
            } else {
                bytes.putShort((short) Integer.parseInt(part, 16));
            }
        }
        return bytes.array();
    }

    static boolean holds(InetAddress address) {
        byte[] bytes = address.getAddress();
        return switch (address) {
            case Inet4Address _ -> SPECIAL_V4.stream().noneMatch(b -> b.holds(bytes));
            case Inet6Address _ -> GLOBAL_V6.holds(bytes) && SPECIAL_V6.stream().noneMatch(b -> b.holds(bytes));
            default -> false;
        };
    }
}
