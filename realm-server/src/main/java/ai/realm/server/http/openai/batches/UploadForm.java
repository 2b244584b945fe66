package ai.realm.server.http.openai.batches;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletionException;
import org.eclipse.jetty.http.MultiPart;
import org.eclipse.jetty.http.MultiPartFormData;
import org.eclipse.jetty.io.Content;
import org.jspecify.annotations.Nullable;

/**
 * The form of an upload.
 *
 * @param lifetimeSeconds how long the file is kept; 0 for as long as it is not deleted
 */
record UploadForm(String fileName, String purpose, long lifetimeSeconds, byte[] content) {
    private static final String FORM = "multipart/form-data";
    private static final int MOST_PARTS = 16;
    private static final int MOST_NAME = 256;
    private static final int SHORTEST = 3600;
    private static final int LONGEST = 30 * 86_400;

    /** @param contentType the request's */
    static UploadForm read(@Nullable String contentType, byte[] body) {
        String boundary = contentType == null || !contentType.startsWith(FORM) ? null : MultiPart.extractBoundary(contentType);
        if (boundary == null) {
            throw new RealmException(ErrorCode.INVALID_REQUEST,
                    "a file is sent as " + FORM + " with the fields purpose and file");
        }
        MultiPartFormData.Parser parser = new MultiPartFormData.Parser(boundary);
        parser.setMaxMemoryFileSize(-1);
        parser.setMaxParts(MOST_PARTS);
        try (MultiPartFormData.Parts parts = parser.parse(Content.Source.from(ByteBuffer.wrap(body))).join()) {
            return form(parts);
        } catch (CompletionException | IllegalStateException | IllegalArgumentException | IOException | UncheckedIOException e) {
            throw new RealmException(ErrorCode.INVALID_REQUEST, "the body is no form that can be read", e);
        }
    }

    private static UploadForm form(MultiPartFormData.Parts parts) throws IOException {
        String purpose = text(parts, "purpose");
        if (purpose == null || !purpose.equals("batch")) {
            throw RealmException.badParam("purpose", purpose == null ? "purpose is required" : "purpose must be batch");
        }
        MultiPart.Part file = parts.getFirst("file");
        if (file == null) {
            throw RealmException.badParam("file", "file is required");
        }
        ByteBuffer content = Content.Source.asByteBuffer(file.createContentSource());
        byte[] bytes = new byte[content.remaining()];
        content.get(bytes);
        return new UploadForm(name(file.getFileName()), purpose, lifetime(parts), bytes);
    }

    private static @Nullable String text(MultiPartFormData.Parts parts, String name) {
        MultiPart.Part part = parts.getFirst(name);
        return part == null ? null : part.getContentAsString(StandardCharsets.UTF_8);
    }

    /** Fit for listings: no control characters, and not long. */
    private static String name(@Nullable String given) {
        String name = given == null || given.isBlank() ? "file.jsonl" : given.replaceAll("\\p{Cntrl}", "?");
        return name.length() > MOST_NAME ? name.substring(0, MOST_NAME) : name;
    }

    private static long lifetime(MultiPartFormData.Parts parts) {
        String seconds = text(parts, "expires_after[seconds]");
        String anchor = text(parts, "expires_after[anchor]");
        if (anchor != null && !anchor.equals("created_at")) {
            throw RealmException.badParam("expires_after.anchor", "expires_after.anchor must be created_at");
        }
        if (seconds == null) {
            return 0;
        }
        if (!seconds.matches("\\d{1,8}") || Integer.parseInt(seconds) < SHORTEST || Integer.parseInt(seconds) > LONGEST) {
            throw RealmException.badParam("expires_after.seconds",
                    "expires_after.seconds must be " + SHORTEST + " to " + LONGEST);
        }
        return Integer.parseInt(seconds);
    }
}
