package ai.realm.server.http.openai;

/**
 * What a client of completions or chat wants to see beside the text.
 *
 * @param includeUsage whether a stream ends with a chunk of the usage
 * @param guestEvents whether a stream has what the guest tells beside the answer
 * @param legacy whether a call is written as {@code function_call}, for clients that asked with {@code functions}
 * @param logProbs likeliest tokens shown with each token of the answer; -1 for no log-probabilities
 * @param echo whether the prompt is shown before the answer
 * @param promptLogProbs the same as {@code logProbs} for each token of the prompt, in a field of its own as vLLM has it
 * @param probabilities whether probabilities after the samplers are shown instead, as llama.cpp has it
 * @param timings whether each piece of a stream tells how long it has taken so far
 * @param keep answers to each prompt that are shown: the likeliest of those that were made
 */
record AnswerOptions(boolean includeUsage, boolean guestEvents, boolean legacy, int logProbs, boolean echo, int promptLogProbs,
        boolean probabilities,
        boolean timings, int keep) {
    static final int NONE = -1;

    boolean wantsLogProbs() {
        return logProbs != NONE;
    }

    /** Likeliest tokens that the engine must name for each token of the prompt; -1 for nothing at all. */
    int ofPrompt() {
        return Math.max(promptLogProbs, echo ? logProbs : NONE);
    }
}
