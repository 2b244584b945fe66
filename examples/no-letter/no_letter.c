/*
 * A word game: an answer without the letters of the setting "letters" (e, if there is none). The mask is made once and set for every
 * token by hand, which a game with moving rules would do; realm_host_seq_mask with REALM_MASK_KEEP would set it once.
 */
#define REALM_GUEST
#include "realm.h"

static uint32_t *mask;
static uint32_t words;

static int holds(const char *bytes, uint32_t len, const char *letters) {
    for (uint32_t i = 0; i < len; i++) {
        uint8_t c = (uint8_t)bytes[i] >= 'A' && bytes[i] <= 'Z' ? (uint8_t)(bytes[i] + 32) : (uint8_t)bytes[i];
        for (const char *l = letters; *l; l++) {
            if (c == (uint8_t)*l) {
                return 1;
            }
        }
    }
    return 0;
}

static int make_mask(uint32_t model, const char *letters) {
    uint32_t size = realm_vocab_size(model);
    words = (size + 31) / 32;
    mask = realm_alloc(words * 4);
    char *room = realm_alloc(65536);
    if (!mask || !room) {
        return -1;
    }
    __builtin_memset(mask, 0, words * 4);
    int32_t n;
    for (uint32_t id = 0; (n = realm_host_vocab(model, id, room, 65536)) > 0;) {
        char *at = room;
        for (uint32_t end = id + (uint32_t)n; id < end; id++) {
            uint32_t header;
            __builtin_memcpy(&header, at, 4);
            uint32_t len = header & 0xffffff;
            if ((header & REALM_VOCAB_END) || (!(header & REALM_VOCAB_CONTROL) && !holds(at + 4, len, letters))) {
                mask[id / 32] |= 1u << id % 32;
            }
            at += 4 + len;
        }
    }
    return 0;
}

/* Also before the first token, with a count of 0. */
REALM_EXPORT("on_step") int32_t on_step(int32_t seq, const realm_step *records, int32_t count) {
    (void)records;
    (void)count;
    return realm_host_seq_mask(seq, mask, words, 0) < 0 ? REALM_STOP : REALM_PASS;
}

REALM_EXPORT("generate")
const char *generate(const char *prompt, uint32_t prompt_len, uint32_t model, const realm_options *options) {
    char *letters = realm_setting("letters");
    return make_mask(model, letters ? letters : "e") ? 0 : realm_generate(model, prompt, prompt_len, options, 0);
}
