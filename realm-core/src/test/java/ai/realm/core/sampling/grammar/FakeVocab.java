package ai.realm.core.sampling.grammar;

import ai.realm.core.tokenizer.Vocab;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A vocabulary of every single byte, some longer pieces, a control token and an end token. */
public final class FakeVocab implements Vocab {
    private final List<byte[]> bytes = new ArrayList<>();
    private final List<Kind> kinds = new ArrayList<>();

    public FakeVocab(String... pieces) {
        for (int b = 0; b < 256; b++) {
            add(Kind.BYTE, new byte[]{(byte) b});
        }
        add(Kind.CONTROL, "<end>".getBytes(StandardCharsets.UTF_8));
        add(Kind.CONTROL, "<think>".getBytes(StandardCharsets.UTF_8));
        for (String piece : pieces) {
            add(Kind.NORMAL, piece.getBytes(StandardCharsets.UTF_8));
        }
    }

    public FakeVocab add(Kind kind, byte[] value) {
        bytes.add(value);
        kinds.add(kind);
        return this;
    }

    @Override
    public int size() {
        return bytes.size();
    }

    @Override
    public Kind kind(int id) {
        return kinds.get(id);
    }

    @Override
    public byte[] bytes(int id) {
        return bytes.get(id);
    }

    @Override
    public int bosId() {
        return -1;
    }

    @Override
    public int eosId() {
        return 256;
    }

    @Override
    public Set<Integer> endOfGenerationIds() {
        return Set.of(256);
    }

    @Override
    public boolean addsBos() {
        return false;
    }

    @Override
    public int idOf(String spelling) {
        for (int id = bytes.size() - 1; id >= 256; id--) {
            if (new String(bytes.get(id), StandardCharsets.UTF_8).equals(spelling)) {
                return id;
            }
        }
        return -1;
    }

    @Override
    public Set<String> specialSpellings() {
        return Set.of("<end>", "<think>");
    }
}
