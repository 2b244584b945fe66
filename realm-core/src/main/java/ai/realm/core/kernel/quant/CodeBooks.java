package ai.realm.core.kernel.quant;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.StringTokenizer;

/**
 * The code books that the IQ types index: entry e of a book of width w is its bytes e * w to e * w + w - 1. Read once from
 * {@code codebooks.txt}, whose README gives form and origin.
 */
final class CodeBooks {
    static final byte[] IQ2_XXS;
    static final byte[] IQ2_XS;
    static final byte[] IQ2_S;
    static final byte[] IQ3_XXS;
    static final byte[] IQ3_S;
    static final byte[] IQ1_S;

    /** Eight signs, bit j for weight j, by seven of them: the eighth makes the number of negative ones even. */
    static final byte[] EVEN_SIGNS = evenSigns();

    static {
        Map<String, byte[]> books = read();
        IQ2_XXS = book(books, "IQ2_XXS", 256 * 8);
        IQ2_XS = book(books, "IQ2_XS", 512 * 8);
        IQ2_S = book(books, "IQ2_S", 1024 * 8);
        IQ3_XXS = book(books, "IQ3_XXS", 256 * 4);
        IQ3_S = book(books, "IQ3_S", 512 * 4);
        IQ1_S = book(books, "IQ1_S", 2048 * 8);
    }

    private CodeBooks() {
    }

    private static byte[] evenSigns() {
        byte[] signs = new byte[128];
        for (int i = 0; i < signs.length; i++) {
            signs[i] = (byte) (i | Integer.bitCount(i) << 7);
        }
        return signs;
    }

    private static byte[] book(Map<String, byte[]> books, String name, int size) {
        byte[] book = books.get(name);
        if (book == null || book.length != size) {
            throw new IllegalStateException("code book " + name + " must have " + size + " values, not "
                    + (book == null ? "be absent" : book.length));
        }
        return book;
    }

    private static Map<String, byte[]> read() {
        try (InputStream in = CodeBooks.class.getResourceAsStream("codebooks.txt")) {
            if (in == null) {
                throw new IllegalStateException("codebooks.txt is missing from the class path");
            }
            BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII));
            Map<String, byte[]> books = new HashMap<>();
            for (String head = lines.readLine(); head != null; head = lines.readLine()) {
                readBook(head.split(" "), lines, books);
            }
            return books;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void readBook(String[] head, BufferedReader lines, Map<String, byte[]> books) throws IOException {
        int width = Integer.parseInt(head[2]);
        byte[] book = new byte[Integer.parseInt(head[1]) * width];
        int n = 0;
        while (n < book.length) {
            String line = lines.readLine();
            if (line == null) {
                throw new IllegalStateException("code book " + head[0] + " ends after " + n + " values");
            }
            StringTokenizer entries = new StringTokenizer(line);
            while (entries.hasMoreTokens()) {
                String digits = entries.nextToken();
                for (int i = 0; i < width; i++) {
                    book[n++] = Byte.parseByte(head[3 + digits.charAt(i) - '0']);
                }
            }
        }
        books.put(head[0], book);
    }
}
