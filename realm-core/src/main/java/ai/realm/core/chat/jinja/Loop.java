package ai.realm.core.chat.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The {@code loop} of a for statement: where it is, what comes next. Looks no further ahead than it is asked to. */
final class Loop implements PyCallable {
    private final @Nullable Object iterable;
    private Iterator<@Nullable Object> source;
    private final Stmts.@Nullable For recursion;
    private final int depth;
    private long index0 = -1;
    private long length = -1;
    private @Nullable Object previous;
    private @Nullable Object current;
    private @Nullable Object lastChanged = Scope.ABSENT;

    /** @param iterable where the length can be had without iterating; or null */
    Loop(@Nullable Object iterable, Iterator<@Nullable Object> source, Stmts.@Nullable For recursion, int depth) {
        this.iterable = iterable instanceof PyGenerator ? null : iterable;
        this.source = source;
        this.recursion = recursion;
        this.depth = depth;
    }

    boolean advance() {
        if (!source.hasNext()) {
            return false;
        }
        previous = current;
        current = source.next();
        index0++;
        return true;
    }

    @Nullable
    Object current() {
        return current;
    }

    long index() {
        return index0 + 1;
    }

    long length() {
        if (length < 0) {
            if (iterable != null) {
                length = Py.length(iterable);
            } else {
                List<@Nullable Object> rest = new ArrayList<>();
                source.forEachRemaining(rest::add);
                source = rest.iterator();
                length = rest.size() + index();
            }
        }
        return length;
    }

    /** What is still to come, for a template that iterates over the loop itself. */
    Iterator<@Nullable Object> rest() {
        return new Lookahead() {
            @Override
            protected @Nullable Object find() {
                return advance() ? new PyTuple(current, Loop.this) : END;
            }
        };
    }

    @Nullable
    Object attribute(String name) {
        return switch (name) {
            case "index" -> index();
            case "index0" -> index0;
            case "revindex" -> length() - index0;
            case "revindex0" -> length() - index();
            case "first" -> index0 == 0;
            case "last" -> !source.hasNext();
            case "length" -> length();
            case "depth" -> depth + 1L;
            case "depth0" -> (long) depth;
            case "previtem" -> index0 == 0 ? new Undefined("there is no previous item") : previous;
            case "nextitem" -> nextItem();
            case "cycle" -> (PyCallable) (c, args) -> {
                if (args.positional().isEmpty()) {
                    throw JinjaError.runtime("no items for cycling given");
                }
                return args.positional().get((int) (index0 % args.positional().size()));
            };
            case "changed" -> (PyCallable) (c, args) -> {
                PyTuple now = PyTuple.of(args.positional());
                boolean changed = lastChanged == Scope.ABSENT || !Py.eq(c, lastChanged, now);
                lastChanged = now;
                return changed;
            };
            default -> Scope.ABSENT;
        };
    }

    private @Nullable Object nextItem() {
        if (!source.hasNext()) {
            return new Undefined("there is no next item");
        }
        Object next = source.next();
        Iterator<@Nullable Object> rest = source;
        source = new Iterator<>() {
            private boolean given;

            @Override
            public boolean hasNext() {
                return !given || rest.hasNext();
            }

            @Override
            public @Nullable Object next() {
                if (given) {
                    return rest.next();
                }
                given = true;
                return next;
            }
        };
        return next;
    }

    @Override
    public @Nullable Object call(Context c, Args args) {
        if (recursion == null) {
            throw JinjaError.runtime("the loop must have the 'recursive' marker to be called recursively");
        }
        return recursion.recurse(c, args.bind("loop", 1, "iterable")[0], depth + 1);
    }
}
