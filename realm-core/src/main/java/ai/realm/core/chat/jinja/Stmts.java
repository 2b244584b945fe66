package ai.realm.core.chat.jinja;

import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The kinds of statements. */
final class Stmts {
    private Stmts() {
    }

    record Text(String text) implements Stmt {
        @Override
        public Flow run(Context c) {
            c.write(text);
            return Flow.NORMAL;
        }
    }

    record Print(Expr value, int line) implements Stmt {
        @Override
        public Flow run(Context c) {
            c.line = line;
            c.write(PyRepr.str(c, c.eval(value)));
            return Flow.NORMAL;
        }
    }

    /** @param tests one for each of {@code bodies}; a last body without a test is the else */
    record If(List<Expr> tests, List<List<Stmt>> bodies, int line) implements Stmt {
        @Override
        public Flow run(Context c) {
            c.line = line;
            for (int i = 0; i < bodies.size(); i++) {
                if (i >= tests.size() || Py.truth(c.eval(tests.get(i)))) {
                    return c.run(bodies.get(i));
                }
            }
            return Flow.NORMAL;
        }
    }

    record For(Target target, Expr iterable, @Nullable Expr test, boolean recursive, List<Stmt> body, List<Stmt> otherwise,
            int line) implements Stmt {
        @Override
        public Flow run(Context c) {
            c.line = line;
            Object items = c.eval(iterable);
            loop(c, items, 0);
            return Flow.NORMAL;
        }

        private void loop(Context c, @Nullable Object items, int depth) {
            if (!Py.isIterable(items)) {
                throw JinjaError.runtime("'" + Py.typeName(items) + "' object is not iterable");
            }
            Scope outer = c.scope;
            Iterator<@Nullable Object> source = Py.iterate(items);
            Loop loop = test == null
                    ? new Loop(items, source, recursive ? this : null, depth)
                    : new Loop(null, filtered(c, source, outer), recursive ? this : null, depth);
            boolean any = false;
            while (loop.advance()) {
                any = true;
                c.work(1);
                c.scope = new Scope(outer);
                target.assign(c, loop.current());
                c.scope.set("loop", loop);
                if (c.run(body) == Flow.BREAK) {
                    break;
                }
            }
            c.scope = new Scope(outer);
            if (!any) {
                c.run(otherwise);
            }
            c.scope = outer;
        }

        /** The items for which the test holds, tested one by one as the loop goes on. */
        private Iterator<@Nullable Object> filtered(Context c, Iterator<@Nullable Object> source, Scope outer) {
            Expr condition = java.util.Objects.requireNonNull(test);
            return new Lookahead() {
                @Override
                protected @Nullable Object find() {
                    while (source.hasNext()) {
                        Object item = source.next();
                        Scope before = c.scope;
                        c.scope = new Scope(outer);
                        target.assign(c, item);
                        boolean keep = Py.truth(c.eval(condition));
                        c.scope = before;
                        if (keep) {
                            return item;
                        }
                    }
                    return END;
                }
            };
        }

        /** Renders the body for inner items, for {@code loop(items)} in a recursive loop. */
        String recurse(Context c, @Nullable Object items, int depth) {
            StringBuilder before = c.out;
            Scope scope = c.scope;
            c.out = new StringBuilder();
            c.enter();
            loop(c, items, depth);
            c.leave();
            String text = c.made(c.out.toString());
            c.out = before;
            c.scope = scope;
            return text;
        }
    }

    record Set(Target target, Expr value, int line) implements Stmt {
        @Override
        public Flow run(Context c) {
            c.line = line;
            target.assign(c, c.eval(value));
            return Flow.NORMAL;
        }
    }

    /** Sets a name to the text of a body, or to what a filter makes of it; a filter block when there is no name. */
    record Capture(@Nullable Target target, @Nullable Expr filter, List<Stmt> body, int line) implements Stmt {
        @Override
        public Flow run(Context c) {
            c.line = line;
            Scope outer = c.scope;
            c.scope = new Scope(outer);
            String text = c.capture(body);
            c.scope = outer;
            if (text == null) {
                return c.pending;
            }
            Object value = text;
            if (filter != null) {
                Object before = c.filterInput;
                c.filterInput = text;
                value = c.eval(filter);
                c.filterInput = before;
            }
            if (target != null) {
                target.assign(c, value);
            } else {
                c.write(Py.toStr(value, "the result of a filter block"));
            }
            return Flow.NORMAL;
        }
    }

    /** A body with names of its own: with, generation, block. */
    record Scoped(List<Target> targets, List<Expr> values, List<Stmt> body, int line) implements Stmt {
        @Override
        public Flow run(Context c) {
            c.line = line;
            Scope outer = c.scope;
            Scope inner = new Scope(outer);
            for (int i = 0; i < targets.size(); i++) {
                Object value = c.eval(values.get(i));
                c.scope = inner;
                targets.get(i).assign(c, value);
                c.scope = outer;
            }
            c.scope = inner;
            Flow flow = c.run(body);
            c.scope = outer;
            return flow;
        }
    }

    record DefineMacro(Macro.Definition definition) implements Stmt {
        @Override
        public Flow run(Context c) {
            c.scope.set(definition.name(), new Macro(definition, c.scope));
            return Flow.NORMAL;
        }
    }

    record CallBlock(Exprs.Call call, Macro.Definition caller, int line) implements Stmt {
        @Override
        public Flow run(Context c) {
            c.line = line;
            c.write(PyRepr.str(c, call.call(c, new Macro(caller, c.scope))));
            return Flow.NORMAL;
        }
    }

    record Jump(Flow flow) implements Stmt {
        @Override
        public Flow run(Context c) {
            return flow;
        }
    }
}
