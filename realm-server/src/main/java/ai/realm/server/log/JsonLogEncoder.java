package ai.realm.server.log;

import ch.qos.logback.classic.pattern.ThrowableProxyConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.encoder.EncoderBase;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One JSON object a line: time, level, logger, message, and as fields of their own what the line calls {@code name={}}. A value that is
 * {@code -} is absent. Thread-safe.
 */
public final class JsonLogEncoder extends EncoderBase<ILoggingEvent> {
    private static final byte[] NOTHING = {};
    private static final Pattern PART = Pattern.compile("(?:(?<name>[a-z][a-z0-9_]*)=)?\\{}");
    private static final List<String> OWN = List.of("time", "level", "logger", "message", "exception");
    /** Patterns are texts of the code, but a library may make them up. */
    private static final int MOST_PATTERNS = 2_000;

    private final JsonFactory json = new JsonFactory();
    private final ThrowableProxyConverter throwables = new ThrowableProxyConverter();
    private final Map<String, Line> lines = new ConcurrentHashMap<>();

    /**
     * What a line's pattern is made of.
     *
     * @param texts one more than there are values
     * @param names of the values; null for those that are part of the message
     */
    private record Line(List<String> texts, List<@Nullable String> names) {
        static Line of(String pattern) {
            List<String> texts = new ArrayList<>();
            List<@Nullable String> names = new ArrayList<>();
            Matcher m = PART.matcher(pattern);
            int from = 0;
            while (m.find()) {
                texts.add(pattern.substring(from, m.start()));
                String name = m.group("name");
                names.add(name != null && OWN.contains(name) ? name + "_" : name);
                from = m.end();
            }
            texts.add(pattern.substring(from));
            return new Line(texts, names);
        }
    }

    @Override
    public void start() {
        throwables.start();
        super.start();
    }

    @Override
    public byte[] headerBytes() {
        return NOTHING;
    }

    @Override
    public byte[] footerBytes() {
        return NOTHING;
    }

    @Override
    public byte[] encode(ILoggingEvent event) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(512);
        try (JsonGenerator g = json.createGenerator(out)) {
            g.writeStartObject();
            g.writeStringField("time", event.getInstant().toString());
            g.writeStringField("level", event.getLevel().toString());
            String logger = event.getLoggerName();
            g.writeStringField("logger", logger.substring(logger.lastIndexOf('.') + 1));
            message(g, event);
            if (event.getThrowableProxy() != null) {
                g.writeStringField("exception", throwables.convert(event));
            }
            g.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        out.write('\n');
        return out.toByteArray();
    }

    private void message(JsonGenerator g, ILoggingEvent event) throws IOException {
        String pattern = String.valueOf(event.getMessage());
        Line line = lines.get(pattern);
        if (line == null) {
            line = Line.of(pattern);
            if (lines.size() < MOST_PATTERNS) {
                lines.put(pattern, line);
            }
        }
        @Nullable
        Object[] values = event.getArgumentArray() == null ? new Object[0] : event.getArgumentArray();
        StringBuilder text = new StringBuilder(line.texts.getFirst());
        for (int i = 0; i < line.names.size(); i++) {
            String name = line.names.get(i);
            if (i >= values.length) {
                text.append(name == null ? "{}" : name + "={}");
            } else if (name == null) {
                text.append(values[i]);
            }
            text.append(line.texts.get(i + 1));
        }
        g.writeStringField("message", text.toString().replaceAll(" {2,}", " ").strip());
        for (int i = 0; i < Math.min(values.length, line.names.size()); i++) {
            String name = line.names.get(i);
            if (name != null) {
                field(g, name, values[i]);
            }
        }
    }

    private static void field(JsonGenerator g, String name, @Nullable Object value) throws IOException {
        switch (value) {
            case null -> g.writeNullField(name);
            case Long n -> g.writeNumberField(name, n);
            case Integer n -> g.writeNumberField(name, n);
            case Double n when Double.isFinite(n) -> g.writeNumberField(name, n);
            case Boolean b -> g.writeBooleanField(name, b);
            default -> {
                String text = value.toString();
                if (!text.equals("-")) {
                    g.writeStringField(name, text);
                }
            }
        }
    }
}
