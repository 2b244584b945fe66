/*
 * Realm guest ABI, version 1, for C (and C++): one header, no library.
 * docs/guest-abi.md is the reference. Build a guest with any clang that has the wasm32 target:
 *
 *   clang --target=wasm32-unknown-unknown -Oz -mbulk-memory -nostdlib -ffreestanding -fvisibility=hidden \
 *     -Wl,--no-entry,--strip-all,-z,stack-size=16384,--max-memory=4194304 -I sdk/c guest.c -o guest.wasm
 *
 * In exactly one source file say
 *
 *   #define REALM_GUEST
 *   #include "realm.h"
 *
 * which adds an allocator (realm_alloc, realm_free) and realm_abi_version. Then define REALM_EXPORT("generate"), and if it is wanted
 * REALM_EXPORT("on_token") or, for the tenant's timetable, REALM_EXPORT("on_schedule") int32_t on_schedule(const char *name, uint32_t len).
 * An instance serves one request and is thrown away, so the allocator never needs to be clever.
 */
#ifndef REALM_H
#define REALM_H

#include <stddef.h>
#include <stdint.h>

#define REALM_EXPORT(name) __attribute__((export_name(name), visibility("default")))
#define REALM_IMPORT(name) __attribute__((import_module("env"), import_name(name)))

/* What host functions return below zero. */
enum {
    REALM_NO_MEMORY = -1,
    REALM_OPTIONS_UNREADABLE = -2,
    REALM_OUT_OF_BOUNDS = -3,
    REALM_NOT_UTF8 = -4,
    REALM_MODEL_UNKNOWN = -5,
    REALM_RESULT_TOO_LARGE = -6, /* fetch it with realm_host_result */
    REALM_NO_TOKENIZER = -7,
    REALM_TOKENIZING_FAILED = -8,
    REALM_EMPTY_PROMPT = -9,
    REALM_INFERENCE_FAILED = -10,
    REALM_MODEL_NOT_LOADED = -11,
    REALM_CANCELLED = -12,
    REALM_DEADLINE = -13,
    REALM_QUOTA = -14,
    REALM_CONTEXT_EXCEEDED = -15,
    REALM_OVERLOADED = -16,
    REALM_BAD_OPTION = -17,
    REALM_NOT_PERMITTED = -18,
    REALM_NO_SUCH_KEY = -19,
    REALM_LIMIT_REACHED = -20,
    REALM_STALE = -21,          /* realm_host_kv_swap: the value is another */
    REALM_NO_SUCH_HANDLE = -22, /* a sequence or grammar of this request */
    REALM_NOT_GRANTED = -23,    /* realm_host_http: no rule of the tenant allows it; sequences: there are none */
    REALM_NOT_YET = -24,        /* realm_host_seq_wait: none of them has anything */
    REALM_HTTP_FAILED = -25     /* realm_host_http: the other machine gave no answer */
};

#define REALM_NO_VALUE 0xffffffffu

/* What on_token and on_step return; the last is for on_step alone. */
enum { REALM_PASS = 0, REALM_SWALLOW = 1, REALM_STOP = 2, REALM_ROLLED_BACK = 3 };

/* Levels of realm_host_log. */
enum { REALM_ERROR = 0, REALM_WARN = 1, REALM_INFO = 2, REALM_DEBUG = 3 };

/* Bits of realm_options.flags. */
enum {
    REALM_FLAG_STREAM = 1,       /* pieces go to the client as they are generated */
    REALM_FLAG_PARSE_SPECIAL = 2 /* spellings of special tokens in the prompt become those tokens */
};

/* A text with its length, as the options point to them. */
typedef struct {
    const char *ptr;
    uint32_t len;
} realm_text;

typedef struct {
    uint32_t token;
    float bias;
} realm_bias;

/* What realm_host_finish takes. */
enum { REALM_FINISH_STOP = 0, REALM_FINISH_LENGTH = 1, REALM_FINISH_CONTENT_FILTER = 2, REALM_FINISH_TOOL_CALLS = 3 };
/* realm_host_render: an answer of the assistant is to follow. */
enum { REALM_RENDER_OPEN = 1 };

typedef struct {
    uint32_t prompt, cached, generated;             /* tokens of the last generation */
    uint32_t all_prompt, all_cached, all_generated; /* of all */
    uint64_t cpu_micros;
    uint32_t millis_left, tokens_left;
} realm_usage;

/* A record of realm_host_pieces. With bit 31 of first there is room behind it for log_probs realm_alternative. */
typedef struct {
    uint32_t token;
    float log_prob;
    uint32_t end; /* bytes of the result up to the end of its piece */
    uint32_t count; /* of alternatives; 0 without bit 31 */
} realm_token;

/* What follows the header of a record when bit 31 of first (REALM_ALTERNATIVES) is set. */
typedef struct {
    uint32_t token;
    float log_prob;
} realm_alternative;

#define REALM_ALTERNATIVES 0x80000000u

/*
 * A token of a sequence: what realm_host_seq_take gives, and on_step(int32_t seq, const realm_step *records, int32_t count), whose count
 * is 0 before the first token and -1 where the model would end. The bytes may be part of a character.
 */
typedef struct {
    uint32_t token;
    float log_prob; /* 0 unless the options asked for log_probs */
    const char *text;
    uint32_t len;
} realm_step;

typedef struct {
    uint32_t state; /* REALM_RESTING and so on */
    uint32_t length, untaken, room;
} realm_seq_info;

/* realm_seq_info.state */
enum { REALM_RESTING = 0, REALM_GENERATING = 1, REALM_ENDED = 2, REALM_FULL = 3 };
/* realm_host_seq_feed: what is fed are ids; spellings of special tokens count; no token goes before the first text. */
enum { REALM_FEED_IDS = 1, REALM_FEED_SPECIAL = 2, REALM_FEED_NO_BOS = 4 };
/* realm_host_seq_mask: until it is changed, not for the next token only. */
enum { REALM_MASK_KEEP = 1 };
/* realm_host_grammar */
enum { REALM_GBNF = 0, REALM_JSON_SCHEMA = 1, REALM_REGEX = 2, REALM_CHOICES = 3 };
/* Bits 24 and 25 of a header of realm_host_vocab; bits 0 to 23 are the length. */
enum { REALM_VOCAB_CONTROL = 1 << 24, REALM_VOCAB_END = 1 << 25 };

/* The options of a generation: the request's own come with every call of generate. Version 0 ends after stop_tokens. */
typedef struct {
    uint32_t max_tokens;
    float temperature;
    float top_p;
    uint32_t top_k;
    float repetition_penalty;
    uint32_t seed32; /* version 0 only; version 1 uses seed */
    uint8_t stop_token_count8;
    uint8_t version;
    uint16_t flags;
    const uint32_t *stop_tokens;
    /* version 1 */
    uint32_t present; /* one REALM_HAS_ bit for each field that counts; the others are the request's */
    uint32_t reserved0;
    uint64_t seed;
    float min_p;
    float typical_p;
    float frequency_penalty;
    float presence_penalty;
    int32_t repeat_window;
    uint32_t log_probs;
    const realm_text *stop_strings;
    uint32_t stop_string_count;
    realm_text grammar;     /* length 0: none */
    realm_text json_schema; /* length 0: none */
    const realm_bias *logit_bias;
    uint32_t logit_bias_count;
    uint32_t stop_token_count;
    uint32_t reserved1;
} realm_options;

enum {
    REALM_HAS_MAX_TOKENS = 1 << 0,
    REALM_HAS_TEMPERATURE = 1 << 1,
    REALM_HAS_TOP_P = 1 << 2,
    REALM_HAS_TOP_K = 1 << 3,
    REALM_HAS_REPETITION_PENALTY = 1 << 4,
    REALM_HAS_SEED = 1 << 5,
    REALM_HAS_STOP_TOKENS = 1 << 6,
    REALM_HAS_MIN_P = 1 << 7,
    REALM_HAS_TYPICAL_P = 1 << 8,
    REALM_HAS_FREQUENCY_PENALTY = 1 << 9,
    REALM_HAS_PRESENCE_PENALTY = 1 << 10,
    REALM_HAS_REPEAT_WINDOW = 1 << 11,
    REALM_HAS_STOP_STRINGS = 1 << 12,
    REALM_HAS_GRAMMAR = 1 << 13,
    REALM_HAS_JSON_SCHEMA = 1 << 14,
    REALM_HAS_LOGIT_BIAS = 1 << 15,
    REALM_HAS_LOG_PROBS = 1 << 16
};

#ifdef __wasm__
_Static_assert(sizeof(realm_options) == 112, "the layout that docs/guest-abi.md fixes");
_Static_assert(offsetof(realm_options, flags) == 26 && offsetof(realm_options, stop_tokens) == 28, "version 0");
_Static_assert(offsetof(realm_options, seed) == 40 && offsetof(realm_options, stop_strings) == 72, "version 1");
_Static_assert(offsetof(realm_options, logit_bias) == 96 && offsetof(realm_options, stop_token_count) == 104, "version 1");
#endif

REALM_IMPORT("realm_host_generate")
int32_t realm_host_generate(uint32_t model, const char *prompt, uint32_t prompt_len, const realm_options *options, char *out,
                            uint32_t out_max);
REALM_IMPORT("realm_host_result") int32_t realm_host_result(uint32_t offset, char *dst, uint32_t len);
REALM_IMPORT("realm_host_emit") int32_t realm_host_emit(const char *ptr, uint32_t len);
REALM_IMPORT("realm_host_tokenize")
int32_t realm_host_tokenize(uint32_t model, const char *ptr, uint32_t len, uint32_t *dst, uint32_t dst_max);
REALM_IMPORT("realm_host_last_error") int32_t realm_host_last_error(char *dst, uint32_t dst_max);
REALM_IMPORT("realm_host_log") void realm_host_log(uint32_t level, const char *ptr, uint32_t len);
REALM_IMPORT("realm_host_kv_get") int32_t realm_host_kv_get(const char *key, uint32_t key_len, char *dst, uint32_t dst_max);
REALM_IMPORT("realm_host_kv_set") int32_t realm_host_kv_set(const char *key, uint32_t key_len, const char *val, uint32_t val_len);
REALM_IMPORT("realm_host_kv_delete") int32_t realm_host_kv_delete(const char *key, uint32_t key_len);
REALM_IMPORT("realm_host_kv_add")
int32_t realm_host_kv_add(const char *key, uint32_t key_len, int64_t delta, int64_t *sum);
/* A length of REALM_NO_VALUE is no value. */
REALM_IMPORT("realm_host_kv_swap")
int32_t realm_host_kv_swap(const char *key, uint32_t key_len, const char *old, uint32_t old_len, const char *val, uint32_t val_len);
/* For so many seconds, 0 for ever; other servers see it at once. */
REALM_IMPORT("realm_host_kv_put")
int32_t realm_host_kv_put(const char *key, uint32_t key_len, const void *val, uint32_t val_len, uint32_t seconds);
/* Records of u32 length of the key, u32 length of its value, key; 0 when there are no more. */
REALM_IMPORT("realm_host_kv_list")
int32_t realm_host_kv_list(const char *prefix, uint32_t prefix_len, const char *after, uint32_t after_len, void *dst, uint32_t dst_max);
/* Records of u32 length of the key, f32 cosine, key, the nearest first. A vector is a value of so many f32. */
REALM_IMPORT("realm_host_vec_search")
int32_t realm_host_vec_search(const char *prefix, uint32_t prefix_len, const float *vector, uint32_t dimensions, uint32_t count,
                              void *dst, uint32_t dst_max);
/* Elements of the vector of a text; dst_max of them are written. */
REALM_IMPORT("realm_host_embed")
int32_t realm_host_embed(uint32_t model, const char *ptr, uint32_t len, float *dst, uint32_t dst_max);
/* JSON with url, and method and headers if wanted. The answer: u32 status, u32 length of its headers as JSON, these, its body. */
REALM_IMPORT("realm_host_http")
int32_t realm_host_http(const char *request, uint32_t request_len, const char *body, uint32_t body_len, char *dst, uint32_t dst_max);
REALM_IMPORT("realm_host_config") int32_t realm_host_config(const char *key, uint32_t key_len, char *dst, uint32_t dst_max);
REALM_IMPORT("realm_host_render")
int32_t realm_host_render(uint32_t model, const char *json, uint32_t json_len, uint32_t flags, char *dst, uint32_t dst_max);
REALM_IMPORT("realm_host_model") int32_t realm_host_model(uint32_t model, char *dst, uint32_t dst_max);
REALM_IMPORT("realm_host_finish") int32_t realm_host_finish(uint32_t reason);
REALM_IMPORT("realm_host_tool_call")
int32_t realm_host_tool_call(const char *id, uint32_t id_len, const char *name, uint32_t name_len, const char *args, uint32_t args_len);
REALM_IMPORT("realm_host_event") int32_t realm_host_event(const char *name, uint32_t name_len, const char *json, uint32_t json_len);
REALM_IMPORT("realm_host_refuse")
int32_t realm_host_refuse(uint32_t status, const char *code, uint32_t code_len, const char *text, uint32_t text_len);
REALM_IMPORT("realm_host_usage") int32_t realm_host_usage(realm_usage *dst, uint32_t size);
/* Records of 16 bytes, or of 16 + 8 * log_probs if first has REALM_ALTERNATIVES; see realm_token. */
REALM_IMPORT("realm_host_pieces") int32_t realm_host_pieces(uint32_t first, void *dst, uint32_t dst_max);
REALM_IMPORT("realm_host_request") int32_t realm_host_request(char *dst, uint32_t dst_max);

/* Sequences: tokens that the guest steers itself. A handle is above 0. */
REALM_IMPORT("realm_host_seq_open") int32_t realm_host_seq_open(uint32_t model, const realm_options *options);
REALM_IMPORT("realm_host_seq_feed") int32_t realm_host_seq_feed(int32_t seq, const void *ptr, uint32_t len, uint32_t flags);
REALM_IMPORT("realm_host_seq_start") int32_t realm_host_seq_start(int32_t seq, uint32_t max_tokens);
REALM_IMPORT("realm_host_seq_wait") int32_t realm_host_seq_wait(const int32_t *seqs, uint32_t count, uint32_t timeout_ms);
REALM_IMPORT("realm_host_seq_take") int32_t realm_host_seq_take(int32_t seq, realm_step *dst, uint32_t dst_max);
REALM_IMPORT("realm_host_seq_info") int32_t realm_host_seq_info(int32_t seq, realm_seq_info *dst, uint32_t size);
REALM_IMPORT("realm_host_seq_top") int32_t realm_host_seq_top(int32_t seq, uint32_t k, realm_alternative *dst);
REALM_IMPORT("realm_host_seq_score") int32_t realm_host_seq_score(int32_t seq, const uint32_t *ids, uint32_t count, float *dst);
REALM_IMPORT("realm_host_seq_fork") int32_t realm_host_seq_fork(int32_t seq);
REALM_IMPORT("realm_host_seq_rollback") int32_t realm_host_seq_rollback(int32_t seq, uint32_t tokens);
REALM_IMPORT("realm_host_seq_close") int32_t realm_host_seq_close(int32_t seq);
REALM_IMPORT("realm_host_seq_grammar") int32_t realm_host_seq_grammar(int32_t seq, int32_t grammar);
REALM_IMPORT("realm_host_seq_allowed") int32_t realm_host_seq_allowed(int32_t seq, uint32_t *dst, uint32_t words);
REALM_IMPORT("realm_host_seq_mask") int32_t realm_host_seq_mask(int32_t seq, const uint32_t *bits, uint32_t words, uint32_t flags);
REALM_IMPORT("realm_host_seq_bias") int32_t realm_host_seq_bias(int32_t seq, const realm_bias *pairs, uint32_t count);
REALM_IMPORT("realm_host_grammar") int32_t realm_host_grammar(uint32_t model, uint32_t kind, const char *ptr, uint32_t len);
REALM_IMPORT("realm_host_vocab") int32_t realm_host_vocab(uint32_t model, uint32_t first, void *dst, uint32_t dst_max);

static inline uint32_t realm_length(const char *text) {
    uint32_t n = 0;
    while (text[n]) {
        n++;
    }
    return n;
}

static inline int realm_equal(const char *a, const char *b, uint32_t len) {
    for (uint32_t i = 0; i < len; i++) {
        if (a[i] != b[i]) {
            return 0;
        }
    }
    return 1;
}

void *realm_alloc(uint32_t len);
char *realm_generate(uint32_t model, const char *prompt, uint32_t prompt_len, const realm_options *options, uint32_t *len);
char *realm_setting(const char *key);
char *realm_request_json(void);
char *realm_seq_text(int32_t seq, uint32_t max_tokens, uint32_t *len);
uint32_t realm_vocab_size(uint32_t model);
const realm_token *realm_pieces(uint32_t first, uint32_t *count, uint32_t *stride);

/* The alternatives behind a record that realm_pieces gave. */
static inline const realm_alternative *realm_alternatives(const realm_token *record) { return (const realm_alternative *)(record + 1); }

#ifdef REALM_GUEST

extern unsigned char __heap_base;
static uintptr_t realm_next;

/* 8-byte aligned, from pages that it adds as needed; 0 when there are no more. */
REALM_EXPORT("realm_alloc") void *realm_alloc(uint32_t len) {
    uint64_t at = realm_next ? realm_next : ((uintptr_t)&__heap_base + 7) & ~(uintptr_t)7;
    uint64_t end = (at + len + 7) & ~(uint64_t)7;
    uint64_t size = (uint64_t)__builtin_wasm_memory_size(0) << 16;
    if (end > 0xffff0000u) {
        return 0;
    }
    if (end > size && __builtin_wasm_memory_grow(0, (uintptr_t)((end - size + 65535) >> 16)) == (size_t)-1) {
        return 0;
    }
    realm_next = (uintptr_t)end;
    return (void *)(uintptr_t)at;
}

/* Gives the newest block back; older ones stay until the instance ends, which is soon. */
REALM_EXPORT("realm_free") void realm_free(void *ptr, uint32_t len) {
    if ((((uintptr_t)ptr + len + 7) & ~(uintptr_t)7) == realm_next) {
        realm_next = (uintptr_t)ptr;
    }
}

REALM_EXPORT("realm_abi_version") uint32_t realm_abi_version(void) { return 1; }

/* Generates and returns the whole text with its NUL, however long; 0 when it failed, which realm_host_last_error explains. */
char *realm_generate(uint32_t model, const char *prompt, uint32_t prompt_len, const realm_options *options, uint32_t *len) {
    char *out = realm_alloc(4096);
    if (!out) {
        return 0;
    }
    int32_t n = realm_host_generate(model, prompt, prompt_len, options, out, 4096);
    if (n == REALM_RESULT_TOO_LARGE) {
        uint32_t have = 0;
        out = realm_alloc(65536);
        char *chunk = out;
        while (chunk && (n = realm_host_result(have, chunk, 65536)) == 65536) {
            have += 65536;
            chunk = realm_alloc(65536); /* follows the last one */
        }
        if (!chunk) {
            return 0;
        }
        n = n < 0 ? n : (int32_t)have + n;
    }
    if (n < 1) {
        return 0;
    }
    if (len) {
        *len = (uint32_t)n - 1;
    }
    return out;
}

/* Lets a sequence generate until it stops; all its text with a NUL, or 0 when it failed. */
char *realm_seq_text(int32_t seq, uint32_t max_tokens, uint32_t *len) {
    static char taken[4096];
    char *text = realm_alloc(0);
    uint32_t have = 0;
    int32_t n = realm_host_seq_start(seq, max_tokens);
    realm_seq_info info = {REALM_GENERATING, 0, 0, 0};
    while (n >= 0 && (info.state == REALM_GENERATING || info.untaken)) {
        if (info.state == REALM_GENERATING && !info.untaken) {
            realm_host_seq_wait(&seq, 1, 1000);
        }
        n = realm_host_seq_take(seq, (realm_step *)taken, sizeof taken);
        realm_step *records = (realm_step *)taken;
        for (int32_t i = 0; i < n; i++) {
            char *part = realm_alloc(records[i].len); /* 8-aligned: moved up to what is there */
            if (!part) {
                return 0;
            }
            __builtin_memcpy(text + have, records[i].text, records[i].len);
            have += records[i].len;
        }
        n = n < 0 ? n : realm_host_seq_info(seq, &info, sizeof info);
    }
    if (n < 0 || !realm_alloc(1)) {
        return 0;
    }
    text[have] = 0;
    if (len) {
        *len = have;
    }
    return text;
}

/* The tokens of the last generation with log_probs, from first on, each with its alternatives: stride bytes apart; 0 when it failed. */
const realm_token *realm_pieces(uint32_t first, uint32_t *count, uint32_t *stride) {
    static realm_token one[1 + 256 * sizeof(realm_alternative) / sizeof(realm_token)];
    int32_t all = realm_host_pieces(first, 0, 0);
    if (all < 0) {
        return 0;
    }
    one->count = 0;
    realm_host_pieces(first | REALM_ALTERNATIVES, one, sizeof one);
    *count = (uint32_t)all - first;
    *stride = (uint32_t)(sizeof *one + one->count * sizeof(realm_alternative));
    realm_token *records = realm_alloc(*count * *stride);
    if (records) {
        realm_host_pieces(first | REALM_ALTERNATIVES, records, *count * *stride);
    }
    return records;
}

/* Tokens in the vocabulary of a model; found by halving. */
uint32_t realm_vocab_size(uint32_t model) {
    char one[256];
    uint32_t low = 0, high = 1u << 24;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (realm_host_vocab(model, mid, one, sizeof one) > 0) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

/* A setting that the operator gave this guest, NUL-terminated, or 0. */
char *realm_setting(const char *key) {
    int32_t n = realm_host_config(key, realm_length(key), 0, 0);
    char *value = n < 0 ? 0 : realm_alloc((uint32_t)n + 1);
    if (value) {
        realm_host_config(key, realm_length(key), value, (uint32_t)n);
        value[n] = 0;
    }
    return value;
}

/* The request as JSON, NUL-terminated, or 0. */
char *realm_request_json(void) {
    int32_t n = realm_host_request(0, 0);
    char *json = n < 0 ? 0 : realm_alloc((uint32_t)n + 1);
    if (json) {
        realm_host_request(json, (uint32_t)n);
        json[n] = 0;
    }
    return json;
}

#endif
#endif
