package ai.realm.core.sampling.grammar.schema;

import ai.realm.core.sampling.grammar.schema.Solver.Option;
import java.util.List;
import java.util.Map;

/** The ways in which one keyword can fail for a value of the kind that it speaks of. */
final class Contraries {
    private Contraries() {
    }

    static void of(Schema s, String keyword, List<Option> out) {
        switch (keyword) {
            case "properties" -> s.named(keyword)
                    .forEach((name, sub) -> addUnlessTrue(sub, new Atom.Has(name, Lit.not(sub), s, keyword), out));
            case "required" -> s.names(keyword).forEach(name -> out.add(Option.atoms(new Atom.Lacks(name))));
            case "dependentRequired", "dependencies", "dependentSchemas" -> dependencies(s, keyword, out);
            case "items", "prefixItems", "additionalItems" -> items(s, keyword, out);
            case "format" -> {
                // as an annotation it never fails
            }
            case "uniqueItems" -> {
                if (Boolean.TRUE.equals(s.get(keyword))) {
                    out.add(Option.atoms(new Atom.Says(s, keyword, false)));
                }
            }
            case "patternProperties", "additionalProperties", "propertyNames", "unevaluatedProperties", "unevaluatedItems" -> {
                boolean never = keyword.equals("patternProperties")
                        ? s.named(keyword).values().stream().allMatch(Schema::isTrue)
                        : s.child(keyword).isTrue();
                if (!never) {
                    out.add(Option.atoms(new Atom.Says(s, keyword, false)));
                }
            }
            default -> out.add(Option.atoms(new Atom.Says(s, keyword, false)));
        }
    }

    private static void addUnlessTrue(Schema sub, Atom failing, List<Option> out) {
        if (!sub.isTrue()) {
            out.add(Option.atoms(failing));
        }
    }

    private static void dependencies(Schema s, String keyword, List<Option> out) {
        for (String trigger : s.memberNames(keyword)) {
            Atom has = new Atom.Has(trigger, null, s, keyword);
            if (s.entry(keyword, trigger) instanceof List<?> names) {
                s.names(keyword, names).forEach(n -> out.add(Option.atoms(has, new Atom.Lacks(n))));
            } else {
                out.add(new Option(List.of(Lit.not(s.member(keyword, trigger))), List.of(has)));
            }
        }
    }

    private static void items(Schema s, String keyword, List<Option> out) {
        boolean list = s.get(keyword) instanceof List<?>;
        if (list) {
            List<Schema> each = s.children(keyword);
            for (int i = 0; i < each.size(); i++) {
                addUnlessTrue(each.get(i), new Atom.ItemAt(i, Lit.not(each.get(i))), out);
            }
        } else if (!(s.get(keyword) instanceof Map<?, ?>) || keyword.equals("items") || s.get("items") instanceof List<?>) {
            if (keyword.equals("additionalItems") && !(s.get("items") instanceof List<?>)) {
                return;
            }
            Schema rest = s.child(keyword);
            addUnlessTrue(rest, new Atom.SomeItem(ItemLayout.prefixLength(s), Lit.not(rest), s, keyword), out);
        }
    }
}
