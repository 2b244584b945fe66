package ai.realm.server.http.page;

import ai.realm.server.http.json.Json;
import ai.realm.server.http.transport.Answers;
import ai.realm.server.http.transport.Listener;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * The page's routes: {@code /} and {@code /page} are its document, {@code /page/FILE} its style and modules, and
 * {@code /page/about.json} says what the listener serves. Files are a fixed list, read once; no path of a request reaches a file
 * system. Thread-safe.
 */
public final class PageRoutes {
    /** Every file of the page, the document first. */
    static final List<String> NAMES = List.of("index.html", "style.css", "views.css", "icon.svg", "app.js", "dom.js", "api.js",
            "keys.js",
            "chart.js", "playground.js", "parameters.js", "answer.js", "tokens.js", "snippet.js", "usage.js", "guests.js",
            "files.js",
            "tenants.js", "tenant-form.js", "guest-admin.js", "models.js", "live.js", "metrics.js", "audit.js");

    /**
     * Scripts, styles and requests of this origin only, and nothing else: no inline script or style, no frame, no form, no text that
     * a script could turn into markup.
     */
    static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

    private static final Map<String, String> HEADERS = Map.of("Content-Security-Policy", POLICY, "X-Content-Type-Options",
            "nosniff",
            "X-Frame-Options", "DENY", "Referrer-Policy", "no-referrer", "Cross-Origin-Opener-Policy", "same-origin",
            "Cross-Origin-Resource-Policy", "same-origin", "Permissions-Policy",
            "camera=(), microphone=(), geolocation=(), payment=(), usb=()", "Cache-Control", "no-cache");

    private static final Map<String, String> TYPES = Map.of("html", "text/html; charset=utf-8", "css", "text/css; charset=utf-8",
            "js", "text/javascript; charset=utf-8", "svg", "image/svg+xml");

    private static final Map<String, PageFile> FILES = read();

    private final Answers answers;
    private final Supplier<About> about;

    /**
     * What the page's listener serves beside the page.
     *
     * @param api whether the tenants' API is here
     * @param admin whether the admin API and the metrics are here
     * @param version of the server
     * @param apiPort where the API is, for a page that is beside it; 0 when that is not told
     */
    public record About(boolean api, boolean admin, String version, int apiPort) {}

    /**
     * One file, as it is sent.
     *
     * @param tag names the content, for browsers that have it
     */
    private record PageFile(byte[] bytes, String type, String tag) {}

    /** @param about is asked at each request, as a port may be known only when the listener runs */
    public PageRoutes(Answers answers, Supplier<About> about) {
        this.answers = answers;
        this.about = about;
    }

    /** @param root whether {@code /} is the page, too */
    public void add(JavalinConfig c, boolean root) {
        if (root) {
            c.routes.get("/", ctx -> file(ctx, NAMES.getFirst()));
        }
        c.routes.get("/page", this::document);
        c.routes.get("/page/about.json", this::about);
        c.routes.get("/page/{file}", ctx -> file(ctx, ctx.pathParam("file")));
    }

    /** The document's names are relative, so that the page works below a proxy's path, too; a last slash would change them. */
    private void document(Context ctx) {
        if (ctx.req().getRequestURI().endsWith("/")) {
            ctx.status(308).header("Location", "../page");
        } else {
            file(ctx, NAMES.getFirst());
        }
    }

    private void about(Context ctx) {
        HEADERS.forEach(ctx::header);
        About a = about.get();
        ObjectNode json = Json.mapper().createObjectNode().put("api", a.api()).put("admin", a.admin()).put("version",
                a.version());
        if (a.apiPort() > 0) {
            json.put("api_port", a.apiPort());
        }
        answers.json(ctx, 200, json);
    }

    private static void file(Context ctx, String name) {
        PageFile file = FILES.get(name);
        if (file == null) {
            throw Listener.noRoute(ctx);
        }
        HEADERS.forEach(ctx::header);
        ctx.header("ETag", file.tag());
        if (file.tag().equals(ctx.header("If-None-Match"))) {
            ctx.status(304);
        } else {
            ctx.contentType(file.type()).result(file.bytes());
        }
    }

    private static Map<String, PageFile> read() {
        Map<String, PageFile> files = new HashMap<>();
        for (String name : NAMES) {
            try (InputStream in = Objects.requireNonNull(PageRoutes.class.getResourceAsStream(name), name)) {
                byte[] bytes = in.readAllBytes();
                String type = Objects.requireNonNull(TYPES.get(name.substring(name.lastIndexOf('.') + 1)), name);
                byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
                files.put(name, new PageFile(bytes, type, '"' + HexFormat.of().formatHex(digest, 0, 8) + '"'));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException(e);
            }
        }
        return Map.copyOf(files);
    }
}
