/* A guest that signs its answers: the setting "signature" follows the model's text. */
#define REALM_GUEST
#include "realm.h"

REALM_EXPORT("generate")
const char *generate(const char *prompt, uint32_t prompt_len, uint32_t model, const realm_options *options) {
    uint32_t len = 0;
    char *text = realm_generate(model, prompt, prompt_len, options, &len);
    char *signature = text ? realm_setting("signature") : 0;
    if (!signature) {
        return text;
    }
    uint32_t more = realm_length(signature);
    char *answer = realm_alloc(len + 4 + more + 1);
    if (answer) {
        __builtin_memcpy(answer, text, len);
        __builtin_memcpy(answer + len, " -- ", 4);
        __builtin_memcpy(answer + len + 4, signature, more + 1);
    }
    return answer;
}
