package ai.realm.server.cli.catalog;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A server of one file that can be made to misbehave. */
final class FileServer implements AutoCloseable {
    private final HttpServer server;
    /** The Range header of each request, "-" for none. */
    final List<String> ranges = Collections.synchronizedList(new ArrayList<>());
    volatile byte[] content;
    volatile String etag = "\"one\"";
    volatile boolean honoursRange = true;
    /** After how many bytes of a body to hang up; negative for never. */
    volatile int hangUpAfter = -1;
    volatile int status;

    FileServer(byte[] content) throws IOException {
        this.content = content;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    URI url() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/model.gguf");
    }

    private void answer(HttpExchange exchange) throws IOException {
        String range = exchange.getRequestHeaders().getFirst("Range");
        ranges.add(range == null ? "-" : range);
        if (status != 0) {
            exchange.sendResponseHeaders(status, -1);
            exchange.close();
            return;
        }
        String ifRange = exchange.getRequestHeaders().getFirst("If-Range");
        int from = 0;
        if (range != null && honoursRange && (ifRange == null || ifRange.equals(etag))) {
            from = Integer.parseInt(range.substring("bytes=".length(), range.length() - 1));
        }
        if (etag != null) {
            exchange.getResponseHeaders().set("ETag", etag);
        }
        if (from > 0 && from >= content.length) {
            exchange.getResponseHeaders().set("Content-Range", "bytes */" + content.length);
            exchange.sendResponseHeaders(416, -1);
            exchange.close();
            return;
        }
        if (from > 0) {
            exchange.getResponseHeaders().set("Content-Range",
                    "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
        }
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.length - from);
        int n = hangUpAfter < 0 ? content.length - from : Math.min(hangUpAfter, content.length - from);
        OutputStream body = exchange.getResponseBody();
        body.write(content, from, n);
        body.flush();
        exchange.close();
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
