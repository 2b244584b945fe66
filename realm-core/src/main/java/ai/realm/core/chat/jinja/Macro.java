package ai.realm.core.chat.jinja;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A macro with the names it sees from where it was defined. */
record Macro(Definition definition, Scope closure) implements PyCallable {

    /**
     * A macro as written.
     *
     * @param defaults one for each of the last parameters
     * @param usesCaller the body asks for the special name; the same for the others
     */
    record Definition(String name, List<String> parameters, List<Expr> defaults, List<Stmt> body, boolean usesCaller,
            boolean usesKwargs, boolean usesVarargs) {}

    String name() {
        return definition.name();
    }

    @Nullable
    Object attribute(String attribute) {
        return switch (attribute) {
            case "name" -> definition.name();
            case "arguments" -> PyTuple.of(definition.parameters());
            case "catch_kwargs" -> definition.usesKwargs();
            case "catch_varargs" -> definition.usesVarargs();
            case "caller" -> definition.usesCaller();
            default -> Scope.ABSENT;
        };
    }

    @Override
    public Object call(Context c, Args args) {
        Scope before = c.scope;
        StringBuilder out = c.out;
        Object filterInput = c.filterInput;
        c.enter();
        c.scope = new Scope(closure);
        bind(c, args);
        c.out = new StringBuilder();
        c.run(definition.body());
        String text = c.made(c.out.toString());
        c.leave();
        c.out = out;
        c.scope = before;
        c.filterInput = filterInput;
        return text;
    }

    private void bind(Context c, Args args) {
        List<String> parameters = definition.parameters();
        Map<String, @Nullable Object> named = new LinkedHashMap<>(args.named());
        int given = Math.min(parameters.size(), args.positional().size());
        List<@Nullable Object> values = new ArrayList<>(args.positional().subList(0, given));
        for (int i = given; i < parameters.size(); i++) {
            values.add(named.containsKey(parameters.get(i)) ? named.remove(parameters.get(i)) : Args.ABSENT);
        }
        if (definition.usesCaller() && !parameters.contains("caller")) {
            Object caller = named.remove("caller");
            c.scope.set("caller", caller == null ? new Undefined("No caller defined") : caller);
        }
        if (definition.usesKwargs()) {
            c.scope.set("kwargs", new LinkedHashMap<Object, @Nullable Object>(named));
        } else if (!named.isEmpty()) {
            throw JinjaError.runtime(
                    "macro '" + name() + "' takes no keyword argument '" + named.keySet().iterator().next() + "'");
        }
        if (definition.usesVarargs()) {
            c.scope.set("varargs", PyTuple.of(args.positional().subList(given, args.positional().size())));
        } else if (args.positional().size() > parameters.size()) {
            throw JinjaError.runtime("macro '" + name() + "' takes not more than " + parameters.size() + " argument(s)");
        }
        setParameters(c, values);
    }

    private void setParameters(Context c, List<@Nullable Object> values) {
        List<String> parameters = definition.parameters();
        int firstDefault = parameters.size() - definition.defaults().size();
        for (int i = 0; i < parameters.size(); i++) {
            if (values.get(i) != Args.ABSENT) {
                c.scope.set(parameters.get(i), values.get(i));
            }
        }
        for (int i = 0; i < parameters.size(); i++) {
            if (values.get(i) == Args.ABSENT) {
                c.scope.set(parameters.get(i), i >= firstDefault
                        ? c.eval(definition.defaults().get(i - firstDefault))
                        : new Undefined("parameter '" + parameters.get(i) + "' was not provided"));
            }
        }
    }
}
