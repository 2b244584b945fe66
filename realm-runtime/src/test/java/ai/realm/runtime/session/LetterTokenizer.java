package ai.realm.runtime.session;

import ai.realm.core.tokenizer.Detokenizer;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.core.tokenizer.Vocab;
import ai.realm.runtime.engine.FakeModel;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/** A token for each ASCII character; 0 ends a generation, 1 is a BOS that is put first when wanted. */
public final class LetterTokenizer implements Tokenizer, Vocab {
    private final boolean addsBos;

    public LetterTokenizer(boolean addsBos) {
        this.addsBos = addsBos;
    }

    @Override
    public Vocab vocab() {
        return this;
    }

    @Override
    public int[] encode(String text, boolean addSpecial, boolean parseSpecial) {
        String t = addSpecial && addsBos ? "\u0001" + text : text;
        return t.chars().toArray();
    }

    @Override
    public Detokenizer detokenizer(boolean showSpecial) {
        return new Detokenizer() {
            @Override
            public String accept(int tokenId) {
                return String.valueOf((char) tokenId);
            }

            @Override
            public String finish() {
                return "";
            }
        };
    }

    @Override
    public int size() {
        return FakeModel.VOCAB;
    }

    @Override
    public Kind kind(int id) {
        return id < 2 ? Kind.CONTROL : Kind.NORMAL;
    }

    @Override
    public byte[] bytes(int id) {
        return String.valueOf((char) id).getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public int bosId() {
        return 1;
    }

    @Override
    public int eosId() {
        return FakeModel.END;
    }

    @Override
    public Set<Integer> endOfGenerationIds() {
        return Set.of(FakeModel.END);
    }

    @Override
    public boolean addsBos() {
        return addsBos;
    }

    @Override
    public int idOf(String spelling) {
        return spelling.length() == 1 ? spelling.charAt(0) : -1;
    }

    @Override
    public Set<String> specialSpellings() {
        return Set.of();
    }
}
