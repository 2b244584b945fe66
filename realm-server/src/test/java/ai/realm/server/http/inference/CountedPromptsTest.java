package ai.realm.server.http.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.realm.core.error.ErrorCode;
import ai.realm.core.error.RealmException;
import ai.realm.runtime.session.GenerateCommand.Prompt;
import ai.realm.runtime.session.GenerateCommand.TokenPrompt;
import ai.realm.runtime.session.RequestContext;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Texts without an end: whoever made all of them first would never return. */
class CountedPromptsTest {
    private final RequestContext context = new RequestContext("r", "acme", System.nanoTime() + 60_000_000_000L);
    private final AtomicInteger made = new AtomicInteger();

    private Stream<Prompt> endless(int tokens) {
        return Stream.generate(() -> {
            made.incrementAndGet();
            return new TokenPrompt(new int[tokens]);
        });
    }

    private static void refuses(ErrorCode code, Stream<Prompt> prompts, RequestContext context) {
        assertThatThrownBy(() -> CountedPrompts.of(prompts, null, context))
                .isInstanceOfSatisfying(RealmException.class, e -> assertThat(e.code()).isEqualTo(code));
    }

    @Test
    void of_moreTokensThanARequestMayHave_stopsAtTheFirstThatIsTooMuch() {
        refuses(ErrorCode.CONTEXT_LENGTH_EXCEEDED, endless(1 << 16), context);
        assertThat(made).hasValue(CountedPrompts.MOST_TOKENS / (1 << 16) + 1);
        assertThat(CountedPrompts.of(endless(1 << 16).limit(16), null, context).tokens()).isEqualTo(CountedPrompts.MOST_TOKENS);
    }

    @Test
    void of_aRequestWhoseClientLeaves_stops() {
        refuses(ErrorCode.CANCELLED, endless(1).peek(_ -> {
            if (made.get() == 3) {
                context.cancel(ErrorCode.CANCELLED, "left");
            }
        }), context);
        assertThat(made).hasValue(3);
    }

    @Test
    void of_aRequestWhoseDeadlineHasPassed_makesNothing() {
        refuses(ErrorCode.DEADLINE_EXCEEDED, endless(1), new RequestContext("r", "acme", System.nanoTime() - 1));
        assertThat(made).hasValue(0);
    }
}
