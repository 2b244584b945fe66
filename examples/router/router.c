/*
 * router: short questions go to one model, long ones and code to another. Settings: small and large, the numbers of two models that
 * the tenant was granted (1 is the first grant); long_prompt_bytes, 400 when it is not set. Without settings everything goes to
 * the model that the client named.
 */
#define REALM_GUEST
#include "realm.h"

static uint32_t number(const char *digits, uint32_t otherwise) {
    uint32_t value = 0;
    if (!digits || !*digits) {
        return otherwise;
    }
    for (; *digits >= '0' && *digits <= '9'; digits++) {
        value = value * 10 + (uint32_t)(*digits - '0');
    }
    return value;
}

static int contains(const char *text, uint32_t len, const char *word) {
    uint32_t n = realm_length(word);
    for (uint32_t i = 0; i + n <= len; i++) {
        if (realm_equal(text + i, word, n)) {
            return 1;
        }
    }
    return 0;
}

REALM_EXPORT("generate")
const char *generate(const char *prompt, uint32_t prompt_len, uint32_t model, const realm_options *options) {
    uint32_t limit = number(realm_setting("long_prompt_bytes"), 400);
    int hard = prompt_len > limit || contains(prompt, prompt_len, "```") || contains(prompt, prompt_len, "#include");
    uint32_t choice = number(realm_setting(hard ? "large" : "small"), model);
    return realm_generate(choice, prompt, prompt_len, options, 0);
}
