/*
 * Best of n: the prompt is computed once, the setting "n" (8, if there is none) forks generate at the same time, and the one that the
 * model finds likeliest for a token is the answer.
 */
#define REALM_GUEST
#include "realm.h"

enum { MOST = 16, TOKENS = 48 };

static char room[8192];

/* Takes what one has: the sum of its log-probabilities. */
static float take(int32_t seq, char *text, uint32_t *len, uint32_t *tokens) {
    float sum = 0;
    int32_t n = realm_host_seq_take(seq, (realm_step *)room, sizeof room);
    const realm_step *records = (const realm_step *)room;
    for (int32_t i = 0; i < n; i++) {
        sum += records[i].log_prob;
        __builtin_memcpy(text + *len, records[i].text, records[i].len);
        *len += records[i].len;
        (*tokens)++;
    }
    return sum;
}

REALM_EXPORT("generate")
const char *generate(const char *prompt, uint32_t prompt_len, uint32_t model, const realm_options *options) {
    char *setting = realm_setting("n");
    uint32_t n = setting && setting[0] >= '1' && setting[0] <= '9' ? (uint32_t)(setting[0] - '0') : 8;
    realm_options own = *options;
    own.present |= REALM_HAS_LOG_PROBS;
    own.log_probs = 0;
    int32_t forks[MOST];
    forks[0] = realm_host_seq_open(model, &own);
    realm_alternative likeliest;
    if (forks[0] < 0 || realm_host_seq_feed(forks[0], prompt, prompt_len, REALM_FEED_SPECIAL) < 0 ||
        realm_host_seq_top(forks[0], 1, &likeliest) < 0) {
        return 0;
    }
    for (uint32_t i = 1; i < n; i++) {
        forks[i] = realm_host_seq_fork(forks[0]);
        if (forks[i] < 0) {
            return 0;
        }
    }
    char *best = 0;
    float most = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (realm_host_seq_start(forks[i], TOKENS) < 0) {
            return 0;
        }
    }
    for (uint32_t i = 0; i < n; i++) {
        char *text = realm_alloc(TOKENS * 256 + 1);
        uint32_t len = 0, tokens = 0;
        float sum = 0;
        realm_seq_info info = {REALM_GENERATING, 0, 0, 0};
        while (text && (info.state == REALM_GENERATING || info.untaken)) {
            realm_host_seq_wait(&forks[i], 1, 60000);
            sum += take(forks[i], text, &len, &tokens);
            if (realm_host_seq_info(forks[i], &info, sizeof info) < 0) {
                return 0;
            }
        }
        if (text && (!best || (tokens && sum / (float)tokens > most))) {
            text[len] = 0;
            best = text;
            most = tokens ? sum / (float)tokens : -1e30f;
        }
    }
    return best;
}
