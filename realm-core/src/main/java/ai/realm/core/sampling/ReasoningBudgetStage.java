package ai.realm.core.sampling;

import ai.realm.core.tokenizer.Vocab;
import java.nio.charset.StandardCharsets;

/** Counts what is thought and, when the budget is spent, leaves only the tokens of the mark that ends reasoning. */
final class ReasoningBudgetStage implements SamplerStage {
    private enum At {
        BEFORE,
        THINKING,
        CLOSING,
        DONE
    }

    private final ReasoningBudget budget;
    private final Vocab vocab;
    private final String open;
    private final String close;
    private final StringBuilder text = new StringBuilder();
    private final long[] only;
    private At at;
    private int spent;
    private int forced;

    ReasoningBudgetStage(ReasoningBudget budget, Vocab vocab) {
        this.budget = budget;
        this.vocab = vocab;
        this.open = bytes(budget.open().getBytes(StandardCharsets.UTF_8));
        this.close = bytes(budget.close().getBytes(StandardCharsets.UTF_8));
        this.only = new long[(vocab.size() + 63) / 64];
        this.at = budget.begun() ? At.THINKING : At.BEFORE;
        closeIfSpent();
    }

    /** Bytes as a string of as many characters, so that marks are found across tokens that cut a character. */
    private static String bytes(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    @Override
    public void apply(Candidates candidates) {
        if (at != At.CLOSING) {
            return;
        }
        int id = budget.closeTokens().get(forced);
        only[id >> 6] = 1L << id;
        candidates.allowOnly(only);
        only[id >> 6] = 0;
    }

    @Override
    public void accept(int token) {
        switch (at) {
            case BEFORE -> {
                add(token);
                String begun = text.toString().stripLeading();
                if (begun.startsWith(open)) {
                    text.setLength(0);
                    at = At.THINKING;
                } else if (!open.startsWith(begun)) {
                    at = At.DONE;
                }
            }
            case THINKING -> {
                add(token);
                spent++;
                if (text.indexOf(close) >= 0) {
                    at = At.DONE;
                }
                text.delete(0, Math.max(0, text.length() - close.length() + 1));
            }
            case CLOSING -> at = ++forced < budget.closeTokens().size() ? At.CLOSING : At.DONE;
            case DONE -> {
                // the answer is not bounded
            }
        }
        closeIfSpent();
    }

    private void add(int token) {
        if (token >= 0 && token < vocab.size()) {
            text.append(bytes(vocab.bytes(token)));
        }
    }

    private void closeIfSpent() {
        if (at == At.THINKING && spent >= budget.tokens()) {
            at = At.CLOSING;
        }
    }
}
