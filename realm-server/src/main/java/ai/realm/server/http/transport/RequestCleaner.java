package ai.realm.server.http.transport;

import java.util.Set;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpURI;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.Request;

/**
 * Makes of each request what it says on its first line, before any route sees it. Headers by which it would count as another
 * method are taken away: Javalin honours {@code X-HTTP-Method-Override}, so what a proxy lets pass as GET could delete. Empty
 * segments of its path are taken away too; clients make them by joining a base URL that ends with a slash.
 */
final class RequestCleaner implements HttpConfiguration.Customizer {
    private static final Set<String> OVERRIDES = Set.of("x-http-method-override", "x-http-method", "x-method-override");

    @Override
    public Request customize(Request request, HttpFields.Mutable responseHeaders) {
        boolean overridden = request.getHeaders().stream().anyMatch(RequestCleaner::overrides);
        HttpURI uri = request.getHttpURI();
        String path = uri.getPath();
        boolean doubled = path != null && path.contains("//");
        if (!overridden && !doubled) {
            return request;
        }
        HttpFields headers = overridden ? without(request.getHeaders()) : request.getHeaders();
        HttpURI clean = doubled ? HttpURI.build(uri).path(path.replaceAll("/{2,}", "/")).asImmutable() : uri;
        return new Request.Wrapper(request) {
            @Override
            public HttpFields getHeaders() {
                return headers;
            }

            @Override
            public HttpURI getHttpURI() {
                return clean;
            }
        };
    }

    private static boolean overrides(HttpField field) {
        return OVERRIDES.contains(field.getLowerCaseName());
    }

    private static HttpFields without(HttpFields all) {
        HttpFields.Mutable kept = HttpFields.build();
        all.forEach(f -> {
            if (!overrides(f)) {
                kept.add(f);
            }
        });
        return kept.asImmutable();
    }
}
