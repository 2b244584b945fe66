/*
 * Takes back what fails a check: when the last four tokens hold the setting "banned", they never were, and the first of them may not
 * come there again. Text waits until it is four tokens old, and is sent then.
 */
#define REALM_GUEST
#include "realm.h"

enum { BACK = 4, MOST = 64 };

static struct {
    uint32_t id;
    uint32_t len;
    char text[MOST];
} held[BACK];
static uint32_t count, words;
static const char *banned;
static uint32_t *mask;

static int holds_banned(void) {
    char text[BACK * MOST];
    uint32_t len = 0, word = realm_length(banned);
    for (uint32_t i = 0; i < count; i++) {
        __builtin_memcpy(text + len, held[i].text, held[i].len);
        len += held[i].len;
    }
    for (uint32_t at = 0; word && at + word <= len; at++) {
        if (realm_equal(text + at, banned, word)) {
            return 1;
        }
    }
    return 0;
}

static void let_go(void) {
    realm_host_emit(held[0].text, held[0].len);
    for (uint32_t i = 1; i < count; i++) {
        held[i - 1] = held[i];
    }
    count--;
}

REALM_EXPORT("on_step") int32_t on_step(int32_t seq, const realm_step *records, int32_t n) {
    for (int32_t i = 0; i < n; i++) {
        if (count == BACK) {
            let_go();
        }
        held[count].id = records[i].token;
        held[count].len = records[i].len < MOST ? records[i].len : MOST;
        __builtin_memcpy(held[count].text, records[i].text, held[count].len);
        count++;
    }
    if (n < 1 || !holds_banned()) {
        return REALM_SWALLOW;
    }
    uint32_t first = held[0].id;
    realm_host_seq_rollback(seq, count);
    realm_host_seq_allowed(seq, mask, words);
    mask[first / 32] &= ~(1u << first % 32);
    realm_host_seq_mask(seq, mask, words, 0);
    count = 0;
    return REALM_ROLLED_BACK;
}

REALM_EXPORT("generate")
const char *generate(const char *prompt, uint32_t prompt_len, uint32_t model, const realm_options *options) {
    banned = realm_setting("banned");
    words = (realm_vocab_size(model) + 31) / 32;
    mask = realm_alloc(words * 4);
    if (!banned || !mask || !realm_generate(model, prompt, prompt_len, options, 0)) {
        return banned ? 0 : realm_generate(model, prompt, prompt_len, options, 0);
    }
    while (count) {
        let_go();
    }
    return "";
}
