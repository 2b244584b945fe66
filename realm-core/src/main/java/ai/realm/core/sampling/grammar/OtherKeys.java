package ai.realm.core.sampling.grammar;

import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/** Writes GBNF for the JSON strings that are none of some names: a trie of the names, left at the first character that differs. */
final class OtherKeys {
    private static final class Node {
        final TreeMap<Integer, Node> children = new TreeMap<>();
        boolean name;
    }

    private OtherKeys() {
    }

    /** @param define makes a rule of a body and gives its name */
    static String rule(Set<String> names, UnaryOperator<String> define) {
        Node root = new Node();
        for (String name : names) {
            Node at = root;
            for (int cp : name.codePoints().toArray()) {
                at = at.children.computeIfAbsent(cp, k -> new Node());
            }
            at.name = true;
        }
        return define.apply("\"\\\"\" " + define.apply(rest(root, define, 0)) + " \"\\\"\"");
    }

    private static String rest(Node node, UnaryOperator<String> define, int depth) {
        if (depth > 100) {
            throw SchemaJson.bad("a property's name may have at most 100 characters where further properties are allowed");
        }
        StringBuilder out = new StringBuilder();
        StringBuilder taken = new StringBuilder();
        node.children.forEach((cp, child) -> {
            String character = String.format("\\U%08X", cp);
            taken.append(character);
            out.append('[').append(character).append("] ").append(define.apply(rest(child, define, depth + 1))).append(" | ");
        });
        out.append("[^\"\\\\\\x7F\\x00-\\x1F").append(taken).append("] char* | \"\\\\\" [\"\\\\/bfnrt] char*");
        return node.name ? out.toString() : out.append(" | \"\"").toString();
    }
}
