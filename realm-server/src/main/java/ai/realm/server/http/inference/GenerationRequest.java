package ai.realm.server.http.inference;

import ai.realm.core.chat.tools.ToolCall;
import ai.realm.core.sampling.SamplingParams;
import ai.realm.core.tokenizer.Tokenizer;
import ai.realm.runtime.session.GenerateCommand.Priority;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A request for text as any API shape asks it: types and ranges are right, names and limits are not looked up yet.
 *
 * @param model null when the tenant's default is meant
 * @param maxTokens null when not given: what the context and the tenant's limit leave
 * @param sampling everything about sampling but {@code max_tokens}
 * @param n answers to each prompt
 * @param priority null when the tenant's is meant
 * @param stream whether the answer is sent as it grows
 * @param json the body as it came, for the guest
 */
public record GenerationRequest(@Nullable String model, Input input, @Nullable Integer maxTokens, SamplingParams sampling, int n,
        @Nullable Priority priority, boolean stream, ObjectNode json) {

    /** Choices that one request may have, over all its prompts. */
    public static final int MAX_CHOICES = 128;

    /** What is to be answered. */
    public sealed interface Input {
        /** How many prompts it is. */
        int prompts();
    }

    /** Prompts to be continued as they are. */
    public record Prompts(List<PromptInput> all) implements Input {
        @Override
        public int prompts() {
            return all.size();
        }
    }

    /**
     * A conversation, which the model's template makes a prompt of.
     *
     * @param begun how the answer begins, which the model goes on from; empty for an answer of its own
     * @param variables further ones for the template
     */
    public record Chat(List<Message> messages, String begun, ToolUse tools, ReasoningUse reasoning, Map<String, ?> variables)
            implements
                Input {
        public Chat(List<Message> messages) {
            this(messages, "");
        }

        public Chat(List<Message> messages, String begun) {
            this(messages, begun, ToolUse.NONE, ReasoningUse.DEFAULT, Map.of());
        }

        @Override
        public int prompts() {
            return 1;
        }

        /** The same with other turns. */
        Chat withMessages(List<Message> turns) {
            return new Chat(turns, begun, tools, reasoning, variables);
        }

        /** The same with this system message before it, unless it begins with its own or {@code system} is null. */
        Chat withSystem(@Nullable String system) {
            if (system == null || messages.getFirst().role().equals("system")) {
                return this;
            }
            List<Message> with = new ArrayList<>();
            with.add(new Message("system", system));
            with.addAll(messages);
            return new Chat(with, begun, tools, reasoning, variables);
        }
    }

    /**
     * A conversation that goes on from tokens that an earlier answer came with.
     *
     * @param context what those tokens are
     */
    public record After(int[] context, Chat chat) implements Input {
        @Override
        public int prompts() {
            return 1;
        }
    }

    /**
     * A gap between two texts, to be filled by a model that was trained to.
     *
     * @param files further ones that the model may look at
     */
    public record Infill(String before, String after, List<ContextFile> files) implements Input {
        @Override
        public int prompts() {
            return 1;
        }
    }

    /** A conversation whose oldest turns may be left out until the rest leaves room for an answer. */
    public record Shortened(Chat chat) implements Input {
        @Override
        public int prompts() {
            return 1;
        }
    }

    /** A file beside the one that has the gap. */
    public record ContextFile(String name, String text) {}

    /** One prompt: its text, or its token ids. */
    public sealed interface PromptInput {
    }

    public record Text(String text) implements PromptInput {}

    public record Tokens(int[] ids) implements PromptInput {}

    /** Texts and token ids one after the other; only a text at the beginning gets the model's special tokens. */
    public record Mixed(List<PromptInput> parts) implements PromptInput {
        /** @param parseSpecial whether spellings of special tokens in its texts are those tokens */
        public int[] ids(Tokenizer tokenizer, boolean parseSpecial) {
            return IntStream.range(0, parts.size()).mapToObj(i -> switch (parts.get(i)) {
                case Text t -> tokenizer.encode(t.text(), i == 0, parseSpecial);
                case Tokens t -> t.ids();
                case Mixed m -> m.ids(tokenizer, parseSpecial);
            }).flatMapToInt(IntStream::of).toArray();
        }
    }

    /**
     * One turn of a chat; its parts joined.
     *
     * @param reasoning what an assistant thought, or null
     * @param toolCalls of an assistant
     * @param toolCallId which call a tool's turn answers, or null
     * @param name of the tool that answers, or null
     */
    public record Message(String role, String content, @Nullable String reasoning, List<ToolCall> toolCalls,
            @Nullable String toolCallId, @Nullable String name) {
        public Message(String role, String content) {
            this(role, content, null, List.of(), null, null);
        }
    }
}
