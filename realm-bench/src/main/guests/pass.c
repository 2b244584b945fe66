/* Looks at every token and passes it on: what on_step costs by itself. Built as the examples are; see docs/security.md. */
#define REALM_GUEST
#include "realm.h"

REALM_EXPORT("on_step") int32_t on_step(int32_t seq, const realm_step *records, int32_t count) {
    (void)seq;
    (void)records;
    (void)count;
    return REALM_PASS;
}

REALM_EXPORT("generate")
const char *generate(const char *prompt, uint32_t len, uint32_t model, const realm_options *options) {
    return realm_generate(model, prompt, len, options, 0);
}
