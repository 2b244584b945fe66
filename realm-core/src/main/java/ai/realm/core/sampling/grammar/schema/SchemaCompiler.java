package ai.realm.core.sampling.grammar.schema;

import ai.realm.core.sampling.grammar.DfaRules;
import ai.realm.core.sampling.grammar.Rules;
import ai.realm.core.sampling.grammar.Symbol;
import ai.realm.core.sampling.grammar.regular.Dfa;
import ai.realm.core.sampling.grammar.regular.WorkBudget;
import ai.realm.core.sampling.grammar.schema.Solver.Case;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Adds the rules of a JSON schema to a grammar. What the rules match is JSON that the schema allows; what they leave out by
 * intent is in docs/http-api.md. A schema that cannot be held is refused with the keyword and where it stands. The work is bounded.
 */
public final class SchemaCompiler {
    /** Steps of some tens of nanoseconds. */
    private static final long MAX_WORK = 6_000_000;
    private static final int MAX_SYMBOLS = 600_000;

    private final Rules rules;
    private final SchemaDocument document;
    private final Languages languages;
    private final Disjointness disjointness;
    private final StringRules strings;
    private final JsonRules json;
    private final WorkBudget budget = new WorkBudget(MAX_WORK);
    private final Map<Conjunction, Integer> known = new HashMap<>();
    private final Deque<Reserved> todo = new ArrayDeque<>();
    private Conjunction current = Conjunction.TRUE;

    private record Reserved(Conjunction all, int rule) {}

    private SchemaCompiler(Rules rules, @Nullable Object schema) {
        this.rules = rules;
        this.document = new SchemaDocument(schema);
        this.languages = new Languages(budget);
        this.disjointness = new Disjointness(document, languages, budget);
        this.strings = new StringRules(rules);
        this.json = new JsonRules(rules, strings);
    }

    /**
     * @param schema its text
     * @return the rule that matches what the schema allows
     * @throws ai.realm.core.error.RealmException INVALID_REQUEST for the parameter "json_schema"
     */
    public static int compile(String schema, Rules rules) {
        SchemaCompiler compiler = null;
        int first = rules.size();
        try {
            compiler = new SchemaCompiler(rules, SchemaJson.read(schema));
            int root = compiler.run();
            if (!rules.prune(root, first)) {
                throw SchemaJson.bad("no value satisfies the schema: type at # and what stands beside it leave nothing");
            }
            return root;
        } catch (UnholdableException e) {
            throw e.asRefusal();
        } catch (WorkBudget.ExceededException e) {
            throw compiler == null ? SchemaJson.bad("is too large") : compiler.tooLarge().asRefusal();
        }
    }

    private UnholdableException tooLarge() {
        Schema s = current.isTrue() ? document.root() : current.parts().getFirst().schema();
        String keyword = s.keys().keySet().stream().filter(Keywords.KNOWN::contains).filter(k -> !k.equals("type")).findFirst()
                .orElse("type");
        return s.unholdable(keyword, "cannot be held: the schema needs more work than one request may take");
    }

    private int run() {
        int root = value(Conjunction.of(List.of(Lit.of(document.root())), document));
        int start = rules.symbols();
        while (!todo.isEmpty()) {
            Reserved next = todo.removeFirst();
            current = next.all;
            rules.define(next.rule, alternatives(current));
            if (rules.symbols() - start > MAX_SYMBOLS) {
                throw tooLarge();
            }
        }
        return root;
    }

    Rules rules() {
        return rules;
    }

    JsonRules json() {
        return json;
    }

    StringRules strings() {
        return strings;
    }

    Languages languages() {
        return languages;
    }

    SchemaDocument document() {
        return document;
    }

    Disjointness disjointness() {
        return disjointness;
    }

    /** The rule for the values of which all of a conjunction holds. */
    int value(Conjunction all) {
        if (all.isTrue()) {
            return json.value();
        }
        return known.computeIfAbsent(all, a -> {
            int rule = rules.reserve("v");
            todo.add(new Reserved(a, rule));
            return rule;
        });
    }

    private List<List<Symbol>> alternatives(Conjunction all) {
        List<List<Symbol>> out = new ArrayList<>();
        Map<Object, @Nullable Object> constants = new LinkedHashMap<>();
        for (Kind kind : Kind.values()) {
            if (kind == Kind.NULL || kind == Kind.BOOLEAN) {
                addConstants(kind == Kind.NULL ? java.util.Collections.singletonList(null) : List.of(true, false), kind, all,
                        constants);
                continue;
            }
            for (Case c : disjointness.solver().cases(all, kind)) {
                if (c.first() != null) {
                    for (String keyword : List.of("enum", "const")) {
                        if (c.first().has(keyword)) {
                            addConstants(c.first().values(keyword), kind, all, constants);
                        }
                    }
                } else {
                    add(c, kind, out);
                }
            }
        }
        addConstants(constants, out);
        return out;
    }

    private void add(Case c, Kind kind, List<List<Symbol>> out) {
        switch (kind) {
            case STRING -> {
                StringLanguage language = StringLanguage.of(c.atoms(), true, languages);
                if (!language.texts().isEmpty()) {
                    out.add(List.of(Rules.rule(strings.of(language, languages))));
                }
            }
            case NUMBER -> numbers(c.atoms(), out);
            case OBJECT -> out.add(List.of(Rules.rule(new ObjectRules(this).of(ObjectShape.of(c.atoms(), document, languages)))));
            case ARRAY -> out.add(List.of(Rules.rule(new ArrayRules(this).of(ArrayShape.of(c.atoms())))));
            case NULL, BOOLEAN -> throw new IllegalStateException();
        }
    }

    private void numbers(List<Atom> atoms, List<List<Symbol>> out) {
        if (atoms.isEmpty()) {
            out.add(List.of(Rules.rule(json.number())));
        } else if (atoms.stream().allMatch(a -> a instanceof Atom.Says s && s.keyword().equals("type") && s.holds())) {
            out.add(List.of(Rules.rule(json.integer())));
        } else {
            Dfa language = NumberLanguage.of(atoms, languages);
            out.add(List.of(Rules.rule(language == null ? json.number() : DfaRules.add(rules, language))));
        }
    }

    private void addConstants(List<?> values, Kind kind, Conjunction all, Map<Object, @Nullable Object> out) {
        for (Object value : values) {
            if (JsonValues.type(value).equals(kind.type()) && Evaluation.holds(value, all.parts(), document, languages)) {
                out.putIfAbsent(JsonValues.key(value), value);
            }
        }
    }

    /** Values of one spelling as a tree of what they begin with, so that many of them cost one look; others one by one. */
    private void addConstants(Map<Object, @Nullable Object> values, List<List<Symbol>> out) {
        List<String> texts = new ArrayList<>();
        for (Object value : values.values()) {
            if (value instanceof Map<?, ?> || value instanceof List<?>) {
                out.add(json.constant(value));
            } else {
                texts.add(SchemaJson.write(value));
            }
        }
        if (texts.size() == 1) {
            out.add(Rules.literal(texts.getFirst()));
        } else if (!texts.isEmpty()) {
            out.add(List.of(Rules.rule(DfaRules.add(rules, Dfa.ofTexts(texts)))));
        }
    }
}
