package ai.realm.core.chat.jinja;

import java.util.Iterator;
import org.jspecify.annotations.Nullable;

/** Python's generator, the result of filters like map and select: iterable once, without a length. */
record PyGenerator(Iterator<@Nullable Object> items) {}
