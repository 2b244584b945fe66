package ai.realm.core.sampling.grammar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.RealmException;
import java.util.Random;
import org.junit.jupiter.api.Test;

class JsonSchemaGrammarTest {
    private static void check(String schema, String[] accepted, String[] rejected) {
        Grammar g = Grammar.jsonSchema(schema.replace('\'', '"'));
        for (String text : accepted) {
            assertThat(g.matches(text.replace('\'', '"'))).as("%s accepts %s", schema, text).isTrue();
        }
        for (String text : rejected) {
            assertThat(g.matches(text.replace('\'', '"'))).as("%s rejects %s", schema, text).isFalse();
        }
    }

    private static String[] of(String... texts) {
        return texts;
    }

    private static void assertRefused(String schema, String message) {
        assertThatThrownBy(() -> Grammar.jsonSchema(schema.replace('\'', '"')))
                .isInstanceOfSatisfying(RealmException.class, e -> assertThat(e.param()).isEqualTo("json_schema"))
                .hasMessageContaining(message);
    }

    @Test
    void jsonSchema_anything_isAnyJson() {
        check("{}", of("1", "'x'", "null", "[1, {'a': [true]}]", "{}", "-1.5e+3", "'\\u00e9\\n😀'"),
                of("", "01", "[1,]", "{a:1}", "'", "'\n'", "nul", "1 2"));
        check("true", of("1"), of(""));
    }

    @Test
    void jsonSchema_object_mandatoryInOrderThenOptional() {
        String schema = "{'type':'object','properties':{'a':{'type':'integer'},'b':{'type':'string'},'c':{'type':'boolean'}},'required':['a']}";
        check(schema, of("{'a':1}", "{'a': 1, 'b': 'x'}", "{'a':1,'c':true}", "{'a':1,'b':'','c':false}", "{ 'a': -7 }"),
                of("{}", "{'b':'x'}", "{'a':'x'}", "{'a':1,'c':true,'b':'x'}", "{'a':1,'d':2}", "{'a':1,}"));
    }

    @Test
    void jsonSchema_optionalOnly_anySubsetInOrder() {
        check("{'properties':{'a':{},'b':{},'c':{}},'additionalProperties':false}",
                of("{}", "{'a':1}", "{'b':1}", "{'c':1}", "{'a':1,'b':2}", "{'a':1,'c':2}", "{'b':1,'c':2}",
                        "{'a':1,'b':2,'c':3}"),
                of("{'b':1,'a':2}", "{'a':1,'a':2}", "{,'a':1}", "{'d':1}"));
    }

    @Test
    void jsonSchema_additionalProperties_haveOtherNames() {
        check("{'type':'object','properties':{'ab':{'type':'integer'}},'additionalProperties':{'type':'string'}}",
                of("{}", "{'ab':1}", "{'ab':1,'x':'y'}", "{'a':'y'}", "{'abc':'y','':'z'}"), of("{'ab':'y'}", "{'x':1}"));
        check("{'type':'object','additionalProperties':{'type':'integer'}}", of("{}", "{'x':1,'y':2}"), of("{'x':'y'}"));
        check("{'type':'object'}", of("{}", "{'x':[1]}"), of("[]"));
    }

    @Test
    void jsonSchema_array_itemsAndCounts() {
        check("{'type':'array','items':{'type':'integer'},'minItems':2,'maxItems':3}", of("[1,2]", "[1, 2, 3]"),
                of("[]", "[1]", "[1,2,3,4]", "['x','y']"));
        check("{'items':{'type':'boolean'}}", of("[]", "[true]", "[\n  true, false\n]"), of("[1]"));
        check("{'prefixItems':[{'type':'string'},{'type':'number'}]}", of("['a', 1.5]"),
                of("['a']", "['a','b']", "[1,'a']", "['a',1,2]"));
        check("{'type':['array','null'],'prefixItems':{'type':'string'}}", of("null", "[]", "['a']"), of("'x'", "[1]"));
        check("{'type':'array','maxItems':0}", of("[]"), of("[1]"));
    }

    @Test
    void jsonSchema_string_lengthPatternFormat() {
        check("{'type':'string','minLength':1,'maxLength':3}", of("'a'", "'ab😀'", "'\\n'"), of("''", "'abcd'"));
        check("{'pattern':'^[A-Z]{2}-\\\\d+$'}", of("'AB-12'"), of("'A-1'", "'AB-'", "'xAB-1'", "'AB-1x'"));
        check("{'pattern':'b+'}", of("'b'", "'abbc'"), of("'ac'", "''"));
        check("{'pattern':'^(foo|ba(?:r|z))?.$'}", of("'x'", "'foox'", "'baz1'"), of("''", "'fo'"));
        check("{'type':'string','format':'date'}", of("'2026-01-31'"), of("'2026-13-01'", "'x'"));
        check("{'format':'uuid'}", of("'123e4567-e89b-12d3-a456-426614174000'"), of("'123'"));
        check("{'format':'date-time'}", of("'2026-01-31T10:20:30Z'", "'2026-01-31T10:20:30.5+01:00'"), of("'2026-01-31'"));
    }

    @Test
    void jsonSchema_integerRange_isExact() {
        for (long[] range : new long[][]{{0, 9}, {1, 10}, {7, 7}, {15, 300}, {-123, 42}, {-20, -3}, {0, 1005}, {99, 101}}) {
            Grammar g = Grammar.jsonSchema("{\"type\":\"integer\",\"minimum\":" + range[0] + ",\"maximum\":" + range[1] + "}");
            for (long i = -1200; i <= 1200; i++) {
                assertThat(g.matches(Long.toString(i))).as("%d in %d..%d", i, range[0], range[1]).isEqualTo(
                        i >= range[0] && i <= range[1]);
            }
            assertThat(g.matches("007")).isFalse();
            assertThat(g.matches("-0")).isFalse();
        }
    }

    @Test
    void jsonSchema_integerWithOneBound_isExact() {
        for (long bound : new long[]{-100, -7, -1, 0, 1, 9, 10, 25, 100, 999}) {
            Grammar above = Grammar.jsonSchema("{\"type\":\"integer\",\"minimum\":" + bound + "}");
            Grammar below = Grammar.jsonSchema("{\"type\":\"integer\",\"exclusiveMaximum\":" + bound + "}");
            for (long i = -1100; i <= 1100; i++) {
                assertThat(above.matches(Long.toString(i))).as("%d at least %d", i, bound).isEqualTo(i >= bound);
                assertThat(below.matches(Long.toString(i))).as("%d below %d", i, bound).isEqualTo(i < bound);
            }
        }
    }

    @Test
    void jsonSchema_enumConstAndTypes_areTheirValues() {
        check("{'enum':['red',null,42,['x'],{'a':1}]}", of("'red'", "null", "42", "['x']", "{'a':1}"), of("'blue'", "4"));
        check("{'const':'a\\\\'b'}".replace("\\\\'", "\\\""), of("'a\\\"b'".replace("\\\"", "\\\"")), of("'a'"));
        check("{'type':['integer','null']}", of("1", "null"), of("'1'"));
    }

    @Test
    void jsonSchema_combinations_followTheirParts() {
        check("{'anyOf':[{'type':'integer'},{'type':'string'}]}", of("1", "'x'"), of("null"));
        check("{'oneOf':[{'const':1},{'const':2}]}", of("1", "2"), of("3"));
        check("{'allOf':[{'properties':{'a':{'type':'integer'}},'required':['a']},{'properties':{'b':{'type':'integer'}}}]}",
                of("{'a':1}", "{'a':1,'b':2}"), of("{'b':2}", "{}"));
        check("{'allOf':[{'enum':['a','b']},{'enum':['b','c']}]}", of("'b'"), of("'a'", "'c'"));
        check("{'type':'object','properties':{'k':{'type':'integer'}},'required':['k'],'anyOf':[{'properties':{'a':{'const':1}},'required':['a']},{'properties':{'b':{'const':2}}}]}",
                of("{'k':1,'a':1}", "{'k':1,'b':2}", "{'k':1}"), of("{'a':1}", "{'k':1,'a':2}"));
    }

    @Test
    void jsonSchema_not_takesTypesAndValuesAway() {
        check("{'type':'string','not':{'const':'no'}}", of("'yes'", "'n'", "'nope'", "''"), of("'no'", "1"));
        check("{'type':'string','not':{'enum':['','a']}}", of("'b'", "'aa'"), of("''", "'a'"));
        check("{'not':{'type':'null'}}", of("1", "'x'", "[null]", "true"), of("null"));
        check("{'not':{'type':['object','array','string']},'description':'x'}", of("1.5", "null", "false"),
                of("'x'", "[]", "{}"));
        check("{'enum':['a','b',3,null],'not':{'type':'string'}}", of("3", "null"), of("'a'", "'b'"));
        check("{'enum':['a','b','c'],'not':{'enum':['b']}}", of("'a'", "'c'"), of("'b'"));
        check("{'type':'boolean','not':{'const':false}}", of("true"), of("false"));
        check("{'type':['string','null'],'not':{'const':null}}", of("'x'"), of("null"));
        check("{'not':{'const':'x'},'type':['string','integer']}", of("1", "'y'"), of("'x'"));
        check("{'type':'object','properties':{'a':{'not':{'const':0},'type':'integer'}},'required':['a'],'not':false}",
                of("{'a':1}"),
                of("{'a':0}"));
    }

    @Test
    void jsonSchema_uniqueItems_areDifferent() {
        check("{'type':'array','items':{'enum':['a','b','c']},'uniqueItems':true,'minItems':1}",
                of("['a']", "['a','b']", "['c','a','b']", "[ 'b', 'a' ]"), of("[]", "['a','a']", "['a','b','a']", "['d']"));
        check("{'items':{'type':'boolean'},'uniqueItems':true}", of("[]", "[true]", "[false,true]"), of("[true,true]"));
        check("{'items':{'$ref':'#/$defs/x'},'$defs':{'x':{'enum':[1,2,3]}},'uniqueItems':true,'maxItems':2}",
                of("[3,1]", "[2]"), of("[1,1]", "[1,2,3]"));
        check("{'type':'array','items':{'type':'string'},'uniqueItems':true,'maxItems':1}", of("[]", "['x']"), of("['x','y']"));
        check("{'type':'array','items':{'type':'integer'},'uniqueItems':false}", of("[1,1]"), of("['x']"));
    }

    @Test
    void jsonSchema_references_mayRecur() {
        check("{'$defs':{'node':{'type':'object','properties':{'v':{'type':'integer'},'next':{'$ref':'#/$defs/node'}},'required':['v']}},'$ref':'#/$defs/node'}",
                of("{'v':1}", "{'v':1,'next':{'v':2,'next':{'v':3}}}"), of("{'next':{}}"));
        check("{'type':'object','properties':{'c':{'type':'array','items':{'$ref':'#'}}}}", of("{}", "{'c':[{'c':[{}]}]}"),
                of("{'c':{}}"));
    }

    @Test
    void jsonSchema_whatCannotBeHeld_isRefusedWithItsKeywordAndPlace() {
        assertRefused("{'properties':{'a':{'type':'array','uniqueItems':true}}}", "uniqueItems at #/properties/a cannot be held");
        assertRefused("{'items':{'type':'string'},'uniqueItems':true}", "uniqueItems at # cannot be held");
        assertRefused("{'type':'object','minProperties':2}", "minProperties at #");
        assertRefused("{'anyOf':[{'type':'string','pattern':'(?<=a)b'}]}", "pattern at #/anyOf/0");
        assertRefused("{'type':'integer','multipleOf':123457}", "multipleOf at #");
        assertRefused("{'type':'object','not':{'additionalProperties':false}}", "additionalProperties at #/not");
        assertRefused("{'$ref':'http://x'}", "$ref at # must lead to a place in the schema itself");
        assertRefused("{'$defs':{'a~b':{'$ref':'#/nowhere'}},'$ref':'#/$defs/a~0b'}", "$ref at #/$defs/a~0b leads nowhere");
        assertRefused("{'$ref':'#'}", "$ref at # cannot be held: it refers to itself");
        assertRefused("{'anyOf':[{'$ref':'#'},{'type':'string'}]}", "cannot be held: it refers to itself");
        assertRefused("{'pattern':'^(a|b)*a(a|b){30}$'}", "pattern at #");
        assertRefused("{'allOf':" + anyOfs(8, 4) + "}", "anyOf at #/allOf/");
    }

    /** Combinations that cannot be told apart. */
    private static String anyOfs(int count, int options) {
        StringBuilder out = new StringBuilder("[");
        for (int i = 0; i < count; i++) {
            out.append(i == 0 ? "" : ",").append("{'anyOf':[");
            for (int j = 0; j < options; j++) {
                out.append(j == 0 ? "" : ",").append("{'required':['p").append(i).append('x').append(j).append("']}");
            }
            out.append("]}");
        }
        return out.append("]").toString();
    }

    @Test
    void jsonSchema_whatIsMalformed_isRefusedWithItsKeywordAndPlace() {
        assertRefused("{'type':'kaboom'}", "type at # must be one of");
        assertRefused("{'required':true}", "required at # must be a list of strings");
        assertRefused("{'properties':{'a':{'enum':7}}}", "enum at #/properties/a must be a list");
        assertRefused("{'items':7}", "items at #");
        assertRefused("{'allOf':{}}", "allOf at # must be a list of schemas");
        assertRefused("{'minLength':-1}", "minLength at # must be an integer");
        assertRefused("{'minimum':'1'}", "minimum at # must be a number");
        assertRefused("{'type':'number','multipleOf':0}", "multipleOf at # must be above 0");
        assertRefused("{'pattern':'^(a$'}", "pattern at # cannot be held: the expression ^(a$ has an unbalanced '('");
        assertRefused("{'a':", "not JSON");
        assertRefused("[1]", "must be an object or a boolean");
        assertRefused("{'items':".repeat(5000), "nesting");
    }

    @Test
    void jsonSchema_whatNothingSatisfies_isRefused() {
        for (String schema : new String[]{"false", "{'not':{}}", "{'enum':[]}", "{'enum':[1,2],'not':{'enum':[1,2.0]}}",
                "{'type':'number','exclusiveMinimum':5,'maximum':5}", "{'type':'number','minimum':5,'maximum':2}",
                "{'type':'integer','multipleOf':10,'minimum':1,'maximum':9}", "{'type':'string','minLength':5,'maxLength':2}",
                "{'items':{'enum':[1,2]},'uniqueItems':true,'minItems':3,'type':'array'}",
                "{'type':'object','properties':{'a':{'$ref':'#'}},'required':['a']}",
                "{'type':'object','additionalProperties':false,'required':['a']}", "{'enum':['a'],'type':'integer'}",
                "{'type':'string','pattern':'^a$','minLength':2}", "{'allOf':[{'type':'string'},{'type':'integer'}]}"}) {
            assertRefused(schema, "no value satisfies the schema");
        }
    }

    @Test
    void jsonSchema_randomMutations_compileOrAreRefused() {
        String seed = "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\",\"minimum\":-5,\"maximum\":1e3},"
                + "\"b\":{\"$ref\":\"#/properties/a\"},\"c\":{\"pattern\":\"^[a-z]+(x|\\\\d){2,3}$\"},"
                + "\"d\":{\"anyOf\":[{\"enum\":[1,\"x\"]},{\"items\":{\"type\":[\"null\",\"string\"]},\"maxItems\":3}]}},"
                + "\"required\":[\"a\"],\"additionalProperties\":{\"allOf\":[{\"minLength\":2}]}}";
        String pieces = "{}[]\",:0123456789-+.eE\\()^$|*atrue";
        Random random = new Random(11);
        for (int i = 0; i < 5000; i++) {
            StringBuilder s = new StringBuilder(seed);
            for (int n = random.nextInt(4); n >= 0; n--) {
                int at = random.nextInt(s.length());
                if (random.nextBoolean()) {
                    s.setCharAt(at, pieces.charAt(random.nextInt(pieces.length())));
                } else {
                    s.deleteCharAt(at);
                }
            }
            try {
                Grammar.jsonSchema(s.toString()).matches("{\"a\": 1}");
            } catch (RealmException e) {
                assertThat(e.param()).as(s.toString()).isIn("json_schema", "grammar");
            } catch (RuntimeException | StackOverflowError e) {
                throw new AssertionError("not a refusal: " + s, e);
            }
        }
    }
}
