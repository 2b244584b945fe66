package ai.realm.core.sampling.grammar;

import ai.realm.core.error.RealmException;
import ai.realm.core.tokenizer.Vocab;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A compiled context-free grammar over characters and tokens: rules of alternatives of symbols, checked to have no undefined
 * rule and no left recursion. Immutable.
 */
public final class Grammar {
    static final int MAX_TEXT = 1 << 18;

    /** Positions: a symbol each, with an end after each alternative. */
    final @Nullable Symbol[] program;
    /** By rule, the position where each alternative begins. */
    final int[][] alternatives;
    final int root;

    private Grammar(List<List<List<Symbol>>> rules, int root) {
        List<@Nullable Symbol> all = new ArrayList<>();
        this.alternatives = new int[rules.size()][];
        for (int rule = 0; rule < rules.size(); rule++) {
            List<List<Symbol>> bodies = rules.get(rule);
            alternatives[rule] = new int[bodies.size()];
            for (int i = 0; i < bodies.size(); i++) {
                alternatives[rule][i] = all.size();
                all.addAll(bodies.get(i));
                all.add(null);
            }
        }
        this.program = all.toArray(new @Nullable Symbol[0]);
        this.root = root;
    }

    /**
     * Compiles GBNF, as llama.cpp writes it.
     *
     * @param vocab what token names refer to; null where there are none
     * @throws RealmException INVALID_REQUEST for the parameter "grammar", with the line
     */
    public static Grammar gbnf(String text, @Nullable Vocab vocab) {
        if (text.length() > MAX_TEXT) {
            throw RealmException.badParam("grammar",
                    "grammar must have at most " + MAX_TEXT + " characters, not " + text.length());
        }
        return compile(text, vocab);
    }

    private static Grammar compile(String text, @Nullable Vocab vocab) {
        GbnfParser parser = new GbnfParser(text, vocab);
        parser.parse();
        new RecursionCheck(parser.rules(), parser.names(), parser.repetitions()).run();
        return new Grammar(parser.rules(), parser.root());
    }

    /**
     * Compiles a JSON schema: what it matches is JSON of that schema, properties in the schema's order, with little white space.
     *
     * @throws RealmException INVALID_REQUEST for the parameter "json_schema"
     */
    public static Grammar jsonSchema(String schema) {
        String gbnf = JsonSchemaGrammar.toGbnf(schema);
        try {
            return compile(gbnf, null);
        } catch (RealmException e) {
            throw RealmException.badParam("json_schema",
                    "json_schema is too large or refers to itself without end: " + e.getMessage());
        }
    }

    /** Whether the whole text matches. */
    public boolean matches(String text) {
        Automaton automaton = new Automaton(this);
        State state = automaton.start();
        for (int i = 0; i < text.length();) {
            int cp = text.codePointAt(i);
            state = automaton.next(state, cp);
            i += Character.charCount(cp);
        }
        return state.complete();
    }
}
