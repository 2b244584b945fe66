package ai.realm.server.domain;

import static ai.realm.server.domain.Checks.bad;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;

/**
 * Addresses with the same beginning, as {@code 10.0.0.0/8} or one alone. Immutable.
 *
 * @param network the first of them
 * @param bits of the beginning
 */
public record AddressRange(InetAddress network, int bits) {
    /** Names are not looked up: who answers for a name is nobody to trust. */
    private static final Pattern LITERAL = Pattern.compile("[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");
    private static final Pattern BITS = Pattern.compile("[0-9]{1,3}");

    /**
     * Reads a range.
     *
     * @param at the setting's place, for errors
     */
    public static AddressRange parse(String at, String text) {
        int slash = text.indexOf('/');
        String address = slash < 0 ? text : text.substring(0, slash);
        String bits = slash < 0 ? "" : text.substring(slash + 1);
        if (!LITERAL.matcher(address).matches() || slash >= 0 && !BITS.matcher(bits).matches()) {
            throw wrong(at, text);
        }
        try {
            InetAddress network = InetAddress.getByName(address);
            int all = network.getAddress().length * 8;
            int wanted = slash < 0 ? all : Integer.parseInt(bits);
            if (wanted > all || address.indexOf(':') < 0 && address.chars().filter(c -> c == '.').count() != 3) {
                throw wrong(at, text);
            }
            return new AddressRange(network, wanted);
        } catch (UnknownHostException e) {
            throw wrong(at, text);
        }
    }

    private static RuntimeException wrong(String at, String text) {
        return bad(at + ": an address is like 10.1.2.3, 10.0.0.0/8 or fd00::/8, not " + text);
    }

    public boolean contains(InetAddress address) {
        byte[] a = network.getAddress();
        byte[] b = address.getAddress();
        if (a.length != b.length) {
            return false;
        }
        for (int i = 0; i < bits; i++) {
            int bit = 0x80 >> (i & 7);
            if ((a[i >> 3] & bit) != (b[i >> 3] & bit)) {
                return false;
            }
        }
        return true;
    }
}
