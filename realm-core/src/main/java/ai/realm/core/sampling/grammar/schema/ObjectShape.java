package ai.realm.core.sampling.grammar.schema;

import ai.realm.core.sampling.grammar.schema.SchemaJson;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The objects of one case: which names are there, in which order, what holds of their values, and how many there are. */
final class ObjectShape {
    /** That a property asks for others. */
    record Dependency(String trigger, List<String> names) {}

    private final SchemaDocument document;
    private final Languages languages;
    /** Schemas that speak of properties by name or pattern. */
    private final Set<Schema> members = new LinkedHashSet<>();
    private final Set<String> required = new LinkedHashSet<>();
    private final Set<String> lacking = new LinkedHashSet<>();
    private final Map<String, List<Lit>> more = new LinkedHashMap<>();
    private final List<Schema> nameSchemas = new ArrayList<>();
    private final List<Dependency> dependencies = new ArrayList<>();
    private final List<Schema> exceeded = new ArrayList<>();
    private final Set<Schema> said = new LinkedHashSet<>();
    private int min;
    private int max = -1;
    private boolean never;

    private ObjectShape(SchemaDocument document, Languages languages) {
        this.document = document;
        this.languages = languages;
    }

    static ObjectShape of(List<Atom> atoms, SchemaDocument document, Languages languages) {
        ObjectShape out = new ObjectShape(document, languages);
        for (Atom atom : atoms) {
            switch (atom) {
                case Atom.Says says when says.holds() -> {
                    out.said.add(says.schema());
                    out.says(says.schema(), says.keyword());
                }
                case Atom.Says says -> out.contrary(says.schema(), says.keyword());
                case Atom.Has has -> {
                    out.required.add(has.name());
                    if (has.value() != null) {
                        out.more.computeIfAbsent(has.name(), n -> new ArrayList<>()).add(has.value());
                    }
                }
                case Atom.Lacks lacks -> out.lacking.add(lacks.name());
                case Atom.ItemAt i -> throw new IllegalStateException();
                case Atom.SomeItem i -> throw new IllegalStateException();
            }
        }
        return out;
    }

    private void says(Schema s, String keyword) {
        switch (keyword) {
            case "properties", "patternProperties", "additionalProperties" -> members.add(s);
            case "required" -> required.addAll(s.names(keyword));
            case "minProperties" -> min = Math.max(min, s.count(keyword, 0));
            case "maxProperties" -> max = max < 0 ? s.count(keyword, 0) : Math.min(max, s.count(keyword, 0));
            case "propertyNames" -> nameSchemas.add(s.child(keyword));
            case "dependencies", "dependentRequired", "dependentSchemas" -> s.memberNames(keyword).forEach(t -> {
                List<String> names = s.askedNames(keyword, t);
                if (names != null) {
                    dependencies.add(new Dependency(t, names));
                }
            });
            default -> throw new IllegalStateException(keyword);
        }
    }

    private void contrary(Schema s, String keyword) {
        switch (keyword) {
            case "minProperties" -> {
                int most = s.count(keyword, 0) - 1;
                never |= most < 0;
                max = max < 0 ? most : Math.min(max, most);
            }
            case "maxProperties" -> min = Math.max(min, s.count(keyword, 0) + 1);
            case "additionalProperties" -> {
                if (!s.child(keyword).isFalse()) {
                    throw s.unholdable(keyword, "cannot be held where it must fail");
                }
                exceeded.add(s);
            }
            case "enum", "const" -> {
                for (Object value : s.values(keyword)) {
                    if (value instanceof Map<?, ?> m) {
                        if (!m.isEmpty()) {
                            throw s.unholdable(keyword, "cannot be held: an object with members cannot be left out");
                        }
                        min = Math.max(min, 1);
                    }
                }
            }
            default -> throw s.unholdable(keyword, "cannot be held where it must fail");
        }
    }

    /** All schemas that say something. */
    Set<Schema> said() {
        return said;
    }

    List<Schema> members() {
        return List.copyOf(members);
    }

    Set<String> required() {
        return required;
    }

    List<Schema> nameSchemas() {
        return nameSchemas;
    }

    /** Schemas of which each must not name some property that is there. */
    List<Schema> exceeded() {
        return exceeded;
    }

    /** Whether a schema surely says nothing of a name but by {@code additionalProperties}. */
    boolean surelyFurther(Schema s, String name) {
        return s.named("properties", name) == null && s.memberNames("patternProperties").stream()
                .noneMatch(p -> languages.widePattern(s, "patternProperties", p).matches(name));
    }

    List<Dependency> dependencies() {
        return dependencies;
    }

    int min() {
        return min;
    }

    int max() {
        return max;
    }

    boolean contradictory() {
        return never || max >= 0 && Math.max(min, required.size()) > max || required.stream().anyMatch(lacking::contains);
    }

    boolean lacks(String name) {
        return lacking.contains(name);
    }

    /** Whether the schema names some properties and says nothing of the others. */
    boolean silent() {
        return members.stream().noneMatch(s -> s.has("additionalProperties"))
                && members.stream().anyMatch(s -> !s.memberNames("properties").isEmpty()
                        || !s.memberNames("patternProperties").isEmpty());
    }

    /** The names that the case knows, in the order of the schemas. */
    Collection<String> names() {
        Set<String> out = new LinkedHashSet<>();
        members.forEach(s -> out.addAll(s.memberNames("properties")));
        out.addAll(required);
        dependencies.forEach(d -> {
            out.add(d.trigger);
            out.addAll(d.names);
        });
        out.addAll(lacking);
        return out;
    }

    /** The names that properties, requirements or dependencies give, as against those that only further properties could have. */
    boolean declares(String name) {
        return required.contains(name) || members.stream().anyMatch(s -> s.named("properties", name) != null)
                || dependencies.stream().anyMatch(d -> d.names.contains(name));
    }

    /** What holds of the value of a name. */
    Conjunction valueOf(String name) {
        List<Lit> out = new ArrayList<>(more.getOrDefault(name, List.of()));
        for (Schema s : members) {
            languages.schemasFor(s, name).forEach(v -> out.add(Lit.of(v)));
        }
        return Conjunction.of(out, document);
    }

    /** Whether the schemas of names allow one. */
    boolean allowsName(String name) {
        return nameSchemas.stream().allMatch(s -> Evaluation.holds(name, List.of(Lit.of(s)), document, languages));
    }

    /** A name as it is written. */
    static String written(String name) {
        return SchemaJson.write(name);
    }
}
