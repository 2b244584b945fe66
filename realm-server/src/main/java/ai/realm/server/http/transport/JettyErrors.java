package ai.realm.server.http.transport;

import ai.realm.server.error.ErrorBody;
import ai.realm.server.http.json.Json;
import java.nio.ByteBuffer;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** The errors that Jetty answers itself (malformed HTTP, headers too large), as the same JSON as all others. */
final class JettyErrors extends ErrorHandler {
    private static final String JSON = "application/json";

    @Override
    public boolean errorPageForMethod(String method) {
        return true;
    }

    @Override
    protected void generateResponse(Request request, Response response, int code, @Nullable String message,
            @Nullable Throwable cause, Callback callback) {
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, JSON);
        if (!response.getHeaders().contains(RequestIds.HEADER)) {
            response.getHeaders().put(RequestIds.HEADER, RequestIds.fresh());
        }
        response.write(true, body(code), callback);
    }

    @Override
    public ByteBuffer badMessageError(int status, @Nullable String reason, HttpFields.Mutable fields) {
        fields.put(new HttpField(HttpHeader.CONTENT_TYPE, JSON));
        fields.put(RequestIds.HEADER, RequestIds.fresh());
        return body(status);
    }

    private static ByteBuffer body(int status) {
        String type = status >= 500 ? "server_error" : "invalid_request_error";
        return ByteBuffer.wrap(Json.bytes(new ErrorBody.Envelope(new ErrorBody(message(status), type, null, code(status)))));
    }

    private static String message(int status) {
        return switch (status) {
            case 400 -> "this is not well-formed HTTP";
            case 404 -> "there is no such route";
            case 408 -> "the request did not arrive in time";
            case 414 -> "the URI is too long";
            case 431 -> "the headers are larger than the server takes";
            default -> status >= 500 ? "internal error" : "the server cannot take this request";
        };
    }

    private static String code(int status) {
        return switch (status) {
            case 404 -> "not_found";
            case 408 -> "request_timeout";
            case 414 -> "uri_too_long";
            case 431 -> "headers_too_large";
            default -> status >= 500 ? "internal_error" : "invalid_request_error";
        };
    }
}
