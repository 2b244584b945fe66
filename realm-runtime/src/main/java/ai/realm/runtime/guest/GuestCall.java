package ai.realm.runtime.guest;

import ai.realm.core.sampling.SamplingParams;
import ai.realm.runtime.session.GenerateCommand.Priority;
import ai.realm.runtime.session.RequestContext;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request for a guest.
 *
 * @param prompt what the guest gets at {@code prompt_ptr}
 * @param promptTokens the ids that the prompt was given as, used instead of the text as long as the guest leaves it unchanged
 * @param parseSpecial bit 1 of the options' flags
 * @param stream bit 0 of the options' flags
 * @param requestJson what {@code realm_host_request} gives, secrets removed
 * @param models the tenant's models, by the guest's ids: 0 the default, then in the order of the grants
 * @param chat what {@code realm_host_render} and its like ask
 * @param config what {@code realm_host_config} gives
 * @param outside what {@code realm_host_embed} and {@code realm_host_http} ask
 * @param schedule the name under which {@code on_schedule} is called; null for a request that {@code generate} answers
 * @param choice which of the answers to its prompt the guest is asked for, from 0
 */
public record GuestCall(RequestContext context, String prompt, int @Nullable [] promptTokens, boolean parseSpecial,
        SamplingParams params, boolean stream, String requestJson, GuestModels models, Map<String, String> config,
        GuestKvStore kv, Priority priority, GuestChat chat, GuestOutside outside, @Nullable String schedule, int choice) {

    /** The only answer, without chats and what is outside. */
    public GuestCall(RequestContext context, String prompt, int @Nullable [] promptTokens, boolean parseSpecial,
            SamplingParams params, boolean stream, String requestJson, GuestModels models, Map<String, String> config,
            GuestKvStore kv, Priority priority) {
        this(context, prompt, promptTokens, parseSpecial, params, stream, requestJson, models, config, kv, priority,
                GuestChat.NONE, GuestOutside.NONE, null, 0);
    }

    /** A request that {@code generate} answers. */
    public GuestCall(RequestContext context, String prompt, int @Nullable [] promptTokens, boolean parseSpecial,
            SamplingParams params, boolean stream, String requestJson, GuestModels models, Map<String, String> config,
            GuestKvStore kv, Priority priority, GuestChat chat, GuestOutside outside, int choice) {
        this(context, prompt, promptTokens, parseSpecial, params, stream, requestJson, models, config, kv, priority, chat,
                outside, null, choice);
    }
}
