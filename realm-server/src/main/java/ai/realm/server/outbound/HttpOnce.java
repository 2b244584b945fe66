package ai.realm.server.outbound;

import ai.realm.server.domain.HttpUrl;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/**
 * One HTTP/1.1 exchange over a connection of its own, to an address that is given: no name is looked up, no proxy asked, nothing kept.
 * One thread; {@link #abort} may be called by another.
 */
final class HttpOnce {
    private static final int MAX_HEAD_BYTES = 64 << 10;
    private static final int MAX_INTERIM = 8;
    private static final int CHUNK_LINE = 256;
    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] ([1-9]\\d\\d)(?: .*)?");

    private final SSLSocketFactory tls;
    private final long endNanos;
    private final long maxBytes;
    /** What is below TLS. */
    private final Socket connection = new Socket(Proxy.NO_PROXY);
    private volatile boolean aborted;

    /** @param headers names in lower case */
    record Answer(int status, Map<String, String> headers, byte[] body) {}

    /** The answer has more than it may. */
    static final class TooLarge extends IOException {
        private static final long serialVersionUID = 1L;
    }

    /**
     * @param endNanos of {@link System#nanoTime}: nothing waits for longer
     * @param maxBytes of the answer's body
     */
    HttpOnce(SSLSocketFactory tls, long endNanos, long maxBytes) {
        this.tls = tls;
        this.endNanos = endNanos;
        this.maxBytes = maxBytes;
    }

    /** Ends what the exchange waits for. Does not wait itself. */
    void abort() {
        aborted = true;
        close(connection);
    }

    /**
     * Never of a TLS socket: that says goodbye first, and waits without an end for the lock of a write which waits for a peer that does
     * not read.
     */
    private static void close(Socket connection) {
        try {
            connection.close();
        } catch (IOException e) {
            // It is closed as far as anybody can tell.
        }
    }

    private int millisLeft() throws IOException {
        long millis = (endNanos - System.nanoTime()) / 1_000_000;
        if (aborted || millis <= 0) {
            throw new SocketTimeoutException();
        }
        return (int) Math.min(millis, Integer.MAX_VALUE);
    }

    /** @param head the request's line and headers, complete */
    Answer exchange(HttpUrl to, InetAddress address, String method, byte[] head, byte[] body) throws IOException {
        try {
            connection.connect(new InetSocketAddress(address, to.port()), millisLeft());
            Socket s = to.scheme().equals("https") ? secured(to) : connection;
            s.setSoTimeout(millisLeft());
            s.getOutputStream().write(head);
            s.getOutputStream().write(body);
            s.getOutputStream().flush();
            return read(new BufferedInputStream(new Timed(s)), method);
        } finally {
            close(connection);
        }
    }

    private Socket secured(HttpUrl to) throws IOException {
        connection.setSoTimeout(millisLeft());
        String name = to.host().startsWith("[") ? to.host().substring(1, to.host().length() - 1) : to.host();
        SSLSocket s = (SSLSocket) tls.createSocket(connection, name, to.port(), true);
        SSLParameters parameters = s.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        parameters.setApplicationProtocols(new String[]{"http/1.1"});
        s.setSSLParameters(parameters);
        s.startHandshake();
        return s;
    }

    /** The time that is left for all is what each read may wait. */
    private final class Timed extends InputStream {
        private final Socket from;
        private final InputStream in;

        Timed(Socket from) throws IOException {
            this.from = from;
            this.in = from.getInputStream();
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] b, int off, int len) throws IOException {
            from.setSoTimeout(millisLeft());
            return in.read(b, off, len);
        }
    }

    private Answer read(InputStream in, String method) throws IOException {
        for (int i = 0; i < MAX_INTERIM; i++) {
            int[] room = {MAX_HEAD_BYTES};
            Matcher status = STATUS.matcher(line(in, room));
            if (!status.matches()) {
                throw new IOException("it does not speak HTTP/1.1");
            }
            int code = Integer.parseInt(status.group(1));
            Map<String, String> headers = headers(in, room);
            if (code == 101) {
                throw new IOException("it changes the protocol");
            }
            if (code >= 200) {
                boolean none = method.equals("HEAD") || code == 204 || code == 304;
                return new Answer(code, headers, none ? new byte[0] : body(in, headers));
            }
        }
        throw new IOException("it answers with nothing but interim answers");
    }

    private static String line(InputStream in, int[] room) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new EOFException();
            }
            if (--room[0] < 0) {
                throw new IOException("its headers are too long");
            }
            line.write(c);
        }
        String text = line.toString(StandardCharsets.ISO_8859_1);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    }

    private static Map<String, String> headers(InputStream in, int[] room) throws IOException {
        Map<String, String> headers = new LinkedHashMap<>();
        for (String line = line(in, room); !line.isEmpty(); line = line(in, room)) {
            int colon = line.indexOf(':');
            if (colon < 1) {
                throw new IOException("its headers are malformed");
            }
            headers.put(line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
        }
        return headers;
    }

    private byte[] body(InputStream in, Map<String, String> headers) throws IOException {
        String coding = headers.get("transfer-encoding");
        if (coding != null) {
            if (!coding.equalsIgnoreCase("chunked")) {
                throw new IOException("it uses a transfer coding that was not offered");
            }
            return chunks(in);
        }
        String length = headers.get("content-length");
        if (length == null) {
            byte[] all = in.readNBytes((int) Math.min(maxBytes + 1, Integer.MAX_VALUE - 8));
            return within(all, all.length);
        }
        if (!length.matches("\\d{1,18}")) {
            throw new IOException("its headers are malformed");
        }
        return exactly(in, Long.parseLong(length));
    }

    private byte[] within(byte[] bytes, long sum) throws IOException {
        if (sum > maxBytes) {
            throw new TooLarge();
        }
        return bytes;
    }

    private byte[] exactly(InputStream in, long length) throws IOException {
        within(new byte[0], length);
        byte[] all = in.readNBytes((int) length);
        if (all.length < length) {
            throw new EOFException();
        }
        return all;
    }

    private byte[] chunks(InputStream in) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        while (true) {
            String line = line(in, new int[]{CHUNK_LINE});
            String size = line.split(";", 2)[0].strip();
            if (!size.matches("[0-9a-fA-F]{1,8}")) {
                throw new IOException("its chunks are malformed");
            }
            long length = Long.parseLong(size, 16);
            if (length == 0) {
                headers(in, new int[]{MAX_HEAD_BYTES});
                return all.toByteArray();
            }
            within(new byte[0], all.size() + length);
            all.writeBytes(exactly(in, length));
            if (!line(in, new int[]{2}).isEmpty()) {
                throw new IOException("its chunks are malformed");
            }
        }
    }
}
