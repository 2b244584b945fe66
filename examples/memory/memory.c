/*
 * memory: keeps what was said in the tenant's store and puts it before the next prompt, so that a client need not send it again.
 * When it grows beyond a limit, the model itself sums it up. Setting: conversation, the key to keep it under ("default").
 */
#define REALM_GUEST
#include "realm.h"

enum { LARGEST = 1200 };

static char *join(const char *const *parts, uint32_t *len) {
    uint32_t n = 0;
    for (int i = 0; parts[i]; i++) {
        n += realm_length(parts[i]);
    }
    char *text = realm_alloc(n + 1);
    if (text) {
        uint32_t at = 0;
        for (int i = 0; parts[i]; i++) {
            uint32_t part = realm_length(parts[i]);
            __builtin_memcpy(text + at, parts[i], part);
            at += part;
        }
        text[at] = 0;
        *len = at;
    }
    return text;
}

static char *recall(const char *key) {
    int32_t n = realm_host_kv_get(key, realm_length(key), 0, 0);
    char *text = n < 0 ? 0 : realm_alloc((uint32_t)n + 1);
    if (text) {
        realm_host_kv_get(key, realm_length(key), text, (uint32_t)n);
        text[n] = 0;
    }
    return text;
}

REALM_EXPORT("generate")
const char *generate(const char *prompt, uint32_t prompt_len, uint32_t model, realm_options *options) {
    uint32_t len = 0;
    char *key = realm_setting("conversation");
    key = key ? key : "default";
    char *before = recall(key);
    /* The host ends the prompt with a NUL that prompt_len does not count. */
    char *whole = before ? join((const char *const[]){"Earlier: ", before, "\n", prompt, 0}, &len) : 0;
    char *answer = whole ? realm_generate(model, whole, len, options, 0) : realm_generate(model, prompt, prompt_len, options, 0);
    if (!answer) {
        return 0;
    }
    char *now = join((const char *const[]){before ? before : "", before ? "\n" : "", prompt, answer, 0}, &len);
    if (now && len > LARGEST) {
        uint32_t asked = 0, short_len = 0;
        char *ask = join((const char *const[]){"Sum up in two sentences:\n", now, "\nSummary:", 0}, &asked);
        options->flags &= (uint16_t)~REALM_FLAG_STREAM; /* the summary is not for the client */
        char *summary = ask ? realm_generate(model, ask, asked, options, &short_len) : 0;
        now = summary;
        len = short_len;
    }
    if (now && realm_host_kv_set(key, realm_length(key), now, len) < 0) {
        realm_host_log(REALM_WARN, "the conversation could not be kept", 34);
    }
    return answer;
}
