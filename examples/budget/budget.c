/*
 * budget: a prompt that is longer than the tenant wants to pay for is cut in the middle, counted in the model's own tokens, so that
 * its beginning (instructions) and its end (the question) stay. Setting: max_prompt_tokens, 512 when it is not set.
 */
#define REALM_GUEST
#include "realm.h"

static const char GAP[] = "\n[...]\n";

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

static int32_t tokens(uint32_t model, const char *text, uint32_t len) { return realm_host_tokenize(model, text, len, 0, 0); }

/* Back to where a character begins. */
static uint32_t whole(const char *text, uint32_t at) {
    while (at && ((unsigned char)text[at] & 0xc0) == 0x80) {
        at--;
    }
    return at;
}

/* The first and the last `keep` bytes of text around the gap; the buffer must hold both and the gap. */
static uint32_t cut(const char *text, uint32_t len, uint32_t keep, char *into) {
    uint32_t head = whole(text, keep), tail = whole(text, len - keep), n = 0;
    __builtin_memcpy(into, text, head);
    n = head;
    __builtin_memcpy(into + n, GAP, sizeof GAP - 1);
    n += sizeof GAP - 1;
    __builtin_memcpy(into + n, text + tail, len - tail);
    return n + len - tail;
}

REALM_EXPORT("generate")
const char *generate(const char *prompt, uint32_t prompt_len, uint32_t model, const realm_options *options) {
    int32_t budget = (int32_t)number(realm_setting("max_prompt_tokens"), 512);
    int32_t used = tokens(model, prompt, prompt_len);
    if (used < 0) {
        return 0;
    }
    if (used > budget) {
        char *shorter = realm_alloc(prompt_len + sizeof GAP + 8);
        uint32_t low = 0, high = prompt_len / 2, n = 0;
        if (!shorter) {
            return 0;
        }
        while (low < high) { /* the most bytes at both ends that are within the budget */
            uint32_t middle = (low + high + 1) / 2;
            n = cut(prompt, prompt_len, middle, shorter);
            if (tokens(model, shorter, n) <= budget) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        prompt_len = cut(prompt, prompt_len, low, shorter);
        prompt = shorter;
        realm_host_log(REALM_INFO, "prompt cut to its budget", 24);
    }
    return realm_generate(model, prompt, prompt_len, options, 0);
}
