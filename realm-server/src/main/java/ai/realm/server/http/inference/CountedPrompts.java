package ai.realm.server.http.inference;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.session.GenerateCommand.Prompt;
import ai.realm.runtime.session.GenerateCommand.TextPrompt;
import ai.realm.runtime.session.GenerateCommand.TokenPrompt;
import ai.realm.runtime.session.RequestContext;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The texts of a request that an encoder reads, as token ids.
 *
 * @param tokens of all together
 */
record CountedPrompts(List<Prompt> all, long tokens) {
    /** Of one request, together: 4 MiB of ids, and more than an encoder reads within any deadline. */
    static final int MOST_TOKENS = 1 << 20;

    /**
     * Makes and counts them one by one, before anything is set aside for them; stops at the first that is too much, and when the request
     * has ended.
     *
     * @param tokenizer null for a model that has none and takes no texts
     * @throws RealmException CONTEXT_LENGTH_EXCEEDED, CANCELLED, DEADLINE_EXCEEDED
     */
    static CountedPrompts of(Stream<Prompt> prompts, @Nullable Tokenizer tokenizer, RequestContext context) {
        List<Prompt> all = new ArrayList<>();
        long tokens = 0;
        context.check();
        for (Iterator<Prompt> i = prompts.iterator(); i.hasNext();) {
            Prompt given = i.next();
            Prompt prompt = given instanceof TextPrompt t && tokenizer != null ? new TokenPrompt(t.ids(tokenizer)) : given;
            tokens += prompt instanceof TokenPrompt t ? t.ids().length : 0;
            if (tokens > MOST_TOKENS) {
                throw new RealmException(ErrorCode.CONTEXT_LENGTH_EXCEEDED, "the texts of a request may have " + MOST_TOKENS
                        + " tokens together; up to text " + all.size() + " these have " + tokens, null, null);
            }
            all.add(prompt);
            context.check();
        }
        return new CountedPrompts(List.copyOf(all), tokens);
    }
}
