/*
 * The engine of JavaScript guests: QuickJS-NG with the host's functions as the global object "realm". One module for all of them; a
 * guest's script is evaluated once, when it is registered, and requests start from the memory that this leaves.
 * docs/guest-abi.md says what a script may use.
 */
#include "quickjs.h"
#include "realm.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static JSContext *context;

REALM_EXPORT("realm_alloc") void *realm_alloc(uint32_t len) { return malloc(len ? len : 1); }
REALM_EXPORT("realm_free") void realm_free(void *ptr, uint32_t len) {
    (void)len;
    free(ptr);
}
REALM_EXPORT("realm_abi_version") uint32_t realm_abi_version(void) { return 1; }

static JSValue host_error(JSContext *ctx, int32_t code) {
    char text[512];
    int32_t n = realm_host_last_error(text, sizeof text - 1);
    JSValue error = JS_NewError(ctx);
    if (JS_IsException(error)) {
        return error;
    }
    n = n < 0 ? 0 : n < (int32_t)sizeof text - 1 ? n : (int32_t)sizeof text - 1;
    JS_DefinePropertyValueStr(ctx, error, "message", JS_NewStringLen(ctx, text, n), JS_PROP_CONFIGURABLE | JS_PROP_WRITABLE);
    JS_DefinePropertyValueStr(ctx, error, "code", JS_NewInt32(ctx, code), JS_PROP_CONFIGURABLE | JS_PROP_WRITABLE);
    return JS_Throw(ctx, error);
}

/* A field of the options that is there: 1, that is not: 0, that cannot be read: -1. */
static int field(JSContext *ctx, JSValueConst options, const char *name, JSValue *value) {
    *value = JS_GetPropertyStr(ctx, options, name);
    return JS_IsException(*value) ? -1 : !JS_IsUndefined(*value) && !JS_IsNull(*value);
}

static int number(JSContext *ctx, JSValueConst options, const char *name, double *to) {
    JSValue value;
    int there = field(ctx, options, name, &value);
    if (there > 0 && JS_ToFloat64(ctx, to, value)) {
        there = -1;
    }
    JS_FreeValue(ctx, value);
    return there;
}

static int integer(JSContext *ctx, JSValueConst options, const char *name, uint32_t *to, uint32_t bit, uint32_t *present) {
    double value = 0;
    int there = number(ctx, options, name, &value);
    if (there > 0) {
        *to = (uint32_t)(int64_t)value;
        *present |= bit;
    }
    return there;
}

static int real(JSContext *ctx, JSValueConst options, const char *name, float *to, uint32_t bit, uint32_t *present) {
    double value = 0;
    int there = number(ctx, options, name, &value);
    if (there > 0) {
        *to = (float)value;
        *present |= bit;
    }
    return there;
}

static int string(JSContext *ctx, JSValueConst options, const char *name, realm_text *to, uint32_t bit, uint32_t *present) {
    JSValue value;
    int there = field(ctx, options, name, &value);
    if (there > 0) {
        JSValue text = JS_IsObject(value) ? JS_JSONStringify(ctx, value, JS_UNDEFINED, JS_UNDEFINED) : JS_DupValue(ctx, value);
        size_t len = 0;
        const char *chars = JS_IsException(text) ? 0 : JS_ToCStringLen(ctx, &len, text);
        JS_FreeValue(ctx, text);
        if (!chars) {
            there = -1;
        } else {
            to->ptr = chars; /* until the instance ends, which is soon */
            to->len = (uint32_t)len;
            *present |= bit;
        }
    }
    JS_FreeValue(ctx, value);
    return there;
}

static int stops(JSContext *ctx, JSValueConst options, realm_options *to) {
    JSValue list;
    int there = field(ctx, options, "stop", &list);
    if (there > 0) {
        double count = 1;
        if (JS_IsArray(list) && number(ctx, list, "length", &count) < 0) {
            return -1;
        }
        uint32_t n = count > 4096 ? 4097 : (uint32_t)count;
        realm_text *texts = malloc(sizeof(realm_text) * (n ? n : 1));
        for (uint32_t i = 0; texts && i < n; i++) {
            JSValue one = JS_IsArray(list) ? JS_GetPropertyUint32(ctx, list, i) : JS_DupValue(ctx, list);
            size_t len = 0;
            texts[i].ptr = JS_ToCStringLen(ctx, &len, one);
            texts[i].len = (uint32_t)len;
            JS_FreeValue(ctx, one);
            if (!texts[i].ptr) {
                return -1;
            }
        }
        to->stop_strings = texts;
        to->stop_string_count = texts ? n : 0;
        to->present |= REALM_HAS_STOP_STRINGS;
    }
    JS_FreeValue(ctx, list);
    return there;
}

/* logitBias: an object of token ids and biases. */
static int biases(JSContext *ctx, JSValueConst options, realm_options *to) {
    JSValue given;
    int there = field(ctx, options, "logitBias", &given);
    JSPropertyEnum *names = 0;
    uint32_t count = 0;
    if (there > 0 && (!JS_IsObject(given) || JS_GetOwnPropertyNames(ctx, &names, &count, given, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY))) {
        there = -1;
    }
    realm_bias *list = there > 0 ? malloc(sizeof(realm_bias) * (count + 1)) : 0;
    for (uint32_t i = 0; list && there > 0 && i < count; i++) {
        JSValue key = JS_AtomToString(ctx, names[i].atom), value = JS_GetProperty(ctx, given, names[i].atom);
        double bias = 0;
        if (JS_ToUint32(ctx, &list[i].token, key) || JS_ToFloat64(ctx, &bias, value)) {
            there = -1;
        }
        list[i].bias = (float)bias;
        JS_FreeValue(ctx, key);
        JS_FreeValue(ctx, value);
    }
    if (names) {
        JS_FreePropertyEnum(ctx, names, count);
    }
    if (list && there > 0) {
        to->logit_bias = list; /* until the instance ends */
        to->logit_bias_count = count;
        to->present |= REALM_HAS_LOGIT_BIAS;
    }
    JS_FreeValue(ctx, given);
    return there;
}

static uint16_t request_flags;

/* The request's options, with what the script says otherwise. */
static int read_options(JSContext *ctx, JSValueConst given, realm_options *to) {
    memset(to, 0, sizeof *to);
    to->version = 1;
    to->flags = request_flags;
    if (!JS_IsObject(given)) {
        return 0;
    }
    uint32_t *has = &to->present;
    double seed = 0;
    JSValue stream;
    int bad = field(ctx, given, "stream", &stream) < 0;
    if (!bad && !JS_IsUndefined(stream)) {
        to->flags = (uint16_t)(JS_ToBool(ctx, stream) ? to->flags | REALM_FLAG_STREAM : to->flags & ~REALM_FLAG_STREAM);
    }
    JS_FreeValue(ctx, stream);
    bad |= integer(ctx, given, "maxTokens", &to->max_tokens, REALM_HAS_MAX_TOKENS, has) < 0;
    bad |= real(ctx, given, "temperature", &to->temperature, REALM_HAS_TEMPERATURE, has) < 0;
    bad |= real(ctx, given, "topP", &to->top_p, REALM_HAS_TOP_P, has) < 0;
    bad |= integer(ctx, given, "topK", &to->top_k, REALM_HAS_TOP_K, has) < 0;
    bad |= real(ctx, given, "minP", &to->min_p, REALM_HAS_MIN_P, has) < 0;
    bad |= real(ctx, given, "repetitionPenalty", &to->repetition_penalty, REALM_HAS_REPETITION_PENALTY, has) < 0;
    bad |= real(ctx, given, "frequencyPenalty", &to->frequency_penalty, REALM_HAS_FREQUENCY_PENALTY, has) < 0;
    bad |= real(ctx, given, "presencePenalty", &to->presence_penalty, REALM_HAS_PRESENCE_PENALTY, has) < 0;
    bad |= integer(ctx, given, "logProbs", &to->log_probs, REALM_HAS_LOG_PROBS, has) < 0;
    bad |= string(ctx, given, "grammar", &to->grammar, REALM_HAS_GRAMMAR, has) < 0;
    bad |= string(ctx, given, "jsonSchema", &to->json_schema, REALM_HAS_JSON_SCHEMA, has) < 0;
    bad |= stops(ctx, given, to) < 0;
    bad |= biases(ctx, given, to) < 0;
    int seeded = number(ctx, given, "seed", &seed);
    if (seeded > 0) {
        to->seed = (uint64_t)(int64_t)seed;
        *has |= REALM_HAS_SEED;
    }
    return bad || seeded < 0 ? -1 : 0;
}

static JSValue js_generate(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    (void)this;
    realm_options options;
    if (read_options(ctx, argc > 1 ? argv[1] : JS_UNDEFINED, &options)) {
        return JS_EXCEPTION;
    }
    uint32_t model = 0;
    if (argc > 1 && JS_IsObject(argv[1])) {
        uint32_t unused = 0;
        if (integer(ctx, argv[1], "model", &model, 0, &unused) < 0) {
            return JS_EXCEPTION;
        }
    }
    size_t len = 0;
    const char *prompt = JS_ToCStringLen(ctx, &len, argc > 0 ? argv[0] : JS_UNDEFINED);
    if (!prompt) {
        return JS_EXCEPTION;
    }
    uint32_t size = 4096;
    char *out = malloc(size);
    int32_t n = out ? realm_host_generate(model, prompt, (uint32_t)len, &options, out, size) : REALM_NO_MEMORY;
    JS_FreeCString(ctx, prompt);
    if (n == REALM_RESULT_TOO_LARGE) {
        do {
            free(out);
            size *= 4;
            out = malloc(size);
            n = out ? realm_host_result(0, out, size) : REALM_NO_MEMORY;
        } while (n == (int32_t)size);
    }
    JSValue result = n < 1 ? host_error(ctx, n) : JS_NewStringLen(ctx, out, n - 1);
    free(out);
    return result;
}

static JSValue js_emit(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    (void)this;
    size_t len = 0;
    const char *text = JS_ToCStringLen(ctx, &len, argc > 0 ? argv[0] : JS_UNDEFINED);
    if (!text) {
        return JS_EXCEPTION;
    }
    int32_t n = realm_host_emit(text, (uint32_t)len);
    JS_FreeCString(ctx, text);
    return n < 0 ? host_error(ctx, n) : JS_UNDEFINED;
}

/* magic: the level; arguments joined by spaces, as console does. */
static JSValue js_log(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic) {
    (void)this;
    char line[1024];
    uint32_t at = 0;
    for (int i = 0; i < argc; i++) {
        size_t len = 0;
        const char *text = JS_ToCStringLen(ctx, &len, argv[i]);
        if (!text) {
            return JS_EXCEPTION;
        }
        if (i && at < sizeof line) {
            line[at++] = ' ';
        }
        uint32_t part = len < sizeof line - at ? (uint32_t)len : sizeof line - at;
        memcpy(line + at, text, part);
        at += part;
        JS_FreeCString(ctx, text);
    }
    realm_host_log((uint32_t)magic, line, at);
    return JS_UNDEFINED;
}

static JSValue js_count_tokens(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    (void)this;
    size_t len = 0;
    int32_t model = 0;
    if (argc > 1 && JS_ToInt32(ctx, &model, argv[1])) {
        return JS_EXCEPTION;
    }
    const char *text = JS_ToCStringLen(ctx, &len, argc > 0 ? argv[0] : JS_UNDEFINED);
    if (!text) {
        return JS_EXCEPTION;
    }
    int32_t n = realm_host_tokenize((uint32_t)model, text, (uint32_t)len, 0, 0);
    JS_FreeCString(ctx, text);
    return n < 0 ? host_error(ctx, n) : JS_NewInt32(ctx, n);
}

static JSValue copied(JSContext *ctx, int32_t n, char *bytes) {
    JSValue text = n < 0 ? JS_NULL : JS_NewStringLen(ctx, bytes, (size_t)n);
    free(bytes);
    return text;
}

static JSValue js_setting(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    (void)this;
    size_t len = 0;
    const char *key = JS_ToCStringLen(ctx, &len, argc > 0 ? argv[0] : JS_UNDEFINED);
    if (!key) {
        return JS_EXCEPTION;
    }
    int32_t n = realm_host_config(key, (uint32_t)len, 0, 0);
    char *value = n < 0 ? 0 : malloc((size_t)n + 1);
    if (value) {
        realm_host_config(key, (uint32_t)len, value, (uint32_t)n);
    }
    JS_FreeCString(ctx, key);
    return copied(ctx, value ? n : -1, value);
}

static JSValue js_request(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    (void)this;
    (void)argc;
    (void)argv;
    int32_t n = realm_host_request(0, 0);
    char *json = n < 0 ? 0 : malloc((size_t)n + 1);
    if (!json) {
        return JS_NULL;
    }
    realm_host_request(json, (uint32_t)n);
    json[n] = 0;
    JSValue value = JS_ParseJSON(ctx, json, (size_t)n, "request");
    free(json);
    return value;
}

/* Bytes of a record with alternatives: the first says how many there are. */
static uint32_t stride_of(uint32_t first) {
    static char one[sizeof(realm_token) + 256 * sizeof(realm_alternative)];
    ((realm_token *)one)->count = 0;
    realm_host_pieces(first | REALM_ALTERNATIVES, one, sizeof one);
    return sizeof(realm_token) + ((realm_token *)one)->count * sizeof(realm_alternative);
}

static JSValue js_tokens(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    (void)this;
    uint32_t first = 0;
    if (argc > 0 && JS_ToUint32(ctx, &first, argv[0])) {
        return JS_EXCEPTION;
    }
    int32_t n = realm_host_pieces(first, 0, 0);
    if (n < 0) {
        return host_error(ctx, n);
    }
    uint32_t count = (uint32_t)n - first, stride = count ? stride_of(first) : sizeof(realm_token);
    char *records = malloc(count * stride + 1);
    JSValue list = JS_NewArray(ctx);
    if (records) {
        realm_host_pieces(first | REALM_ALTERNATIVES, records, count * stride);
    }
    for (uint32_t i = 0; records && i < count; i++) {
        realm_token *token = (realm_token *)(records + i * stride);
        realm_alternative *others = (realm_alternative *)(token + 1);
        JSValue one = JS_NewObject(ctx), top = JS_NewArray(ctx);
        JS_SetPropertyStr(ctx, one, "id", JS_NewUint32(ctx, token->token));
        JS_SetPropertyStr(ctx, one, "logProb", JS_NewFloat64(ctx, token->log_prob));
        JS_SetPropertyStr(ctx, one, "end", JS_NewUint32(ctx, token->end));
        for (uint32_t k = 0; k < token->count; k++) {
            JSValue other = JS_NewObject(ctx);
            JS_SetPropertyStr(ctx, other, "id", JS_NewUint32(ctx, others[k].token));
            JS_SetPropertyStr(ctx, other, "logProb", JS_NewFloat64(ctx, others[k].log_prob));
            JS_SetPropertyUint32(ctx, top, k, other);
        }
        JS_SetPropertyStr(ctx, one, "top", top);
        JS_SetPropertyUint32(ctx, list, i, one);
    }
    free(records);
    return list;
}

static JSValue js_render(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    (void)this;
    int open = argc < 2 || JS_IsUndefined(argv[1]) || JS_ToBool(ctx, argv[1]);
    int32_t model = 0;
    size_t len = 0;
    if (argc > 2 && JS_ToInt32(ctx, &model, argv[2])) {
        return JS_EXCEPTION;
    }
    JSValue json = JS_JSONStringify(ctx, argc > 0 ? argv[0] : JS_NULL, JS_UNDEFINED, JS_UNDEFINED);
    const char *text = JS_IsException(json) ? 0 : JS_ToCStringLen(ctx, &len, json);
    JS_FreeValue(ctx, json);
    if (!text) {
        return JS_EXCEPTION;
    }
    int32_t n = realm_host_render((uint32_t)model, text, (uint32_t)len, (uint32_t)open, 0, 0);
    char *out = n < 0 ? 0 : malloc((size_t)n + 1);
    if (out) {
        realm_host_render((uint32_t)model, text, (uint32_t)len, (uint32_t)open, out, (uint32_t)n);
    }
    JS_FreeCString(ctx, text);
    return n < 0 ? host_error(ctx, n) : copied(ctx, out ? n : -1, out);
}

static JSValue js_model(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    (void)this;
    int32_t model = 0;
    if (argc > 0 && JS_ToInt32(ctx, &model, argv[0])) {
        return JS_EXCEPTION;
    }
    int32_t n = realm_host_model((uint32_t)model, 0, 0);
    if (n < 0) {
        return host_error(ctx, n);
    }
    char *json = malloc((size_t)n + 1);
    if (!json) {
        return JS_NULL;
    }
    realm_host_model((uint32_t)model, json, (uint32_t)n);
    json[n] = 0;
    JSValue value = JS_ParseJSON(ctx, json, (size_t)n, "model");
    free(json);
    return value;
}

static JSValue js_usage(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    (void)this;
    (void)argc;
    (void)argv;
    realm_usage u;
    memset(&u, 0, sizeof u);
    realm_host_usage(&u, sizeof u);
    JSValue object = JS_NewObject(ctx);
    const char *names[] = {"prompt", "cached", "generated", "allPrompt", "allCached", "allGenerated", "millisLeft", "tokensLeft"};
    uint32_t values[] = {u.prompt, u.cached, u.generated, u.all_prompt, u.all_cached, u.all_generated, u.millis_left, u.tokens_left};
    for (int i = 0; i < 8; i++) {
        JS_SetPropertyStr(ctx, object, names[i], JS_NewUint32(ctx, values[i]));
    }
    JS_SetPropertyStr(ctx, object, "cpuMicros", JS_NewInt64(ctx, (int64_t)u.cpu_micros));
    return object;
}

static JSValue js_finish(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    (void)this;
    static const char *const reasons[] = {"stop", "length", "content_filter", "tool_calls"};
    const char *reason = JS_ToCString(ctx, argc > 0 ? argv[0] : JS_UNDEFINED);
    if (!reason) {
        return JS_EXCEPTION;
    }
    uint32_t i = 0;
    while (i < 4 && strcmp(reason, reasons[i])) {
        i++;
    }
    JS_FreeCString(ctx, reason);
    int32_t n = realm_host_finish(i);
    return n < 0 ? host_error(ctx, n) : JS_UNDEFINED;
}

/* A text as it is; anything else as JSON. */
static const char *json_of(JSContext *ctx, JSValueConst value, size_t *len) {
    if (JS_IsString(value)) {
        return JS_ToCStringLen(ctx, len, value);
    }
    JSValue json = JS_JSONStringify(ctx, value, JS_UNDEFINED, JS_UNDEFINED);
    const char *text = JS_IsException(json) ? 0 : JS_ToCStringLen(ctx, len, json);
    JS_FreeValue(ctx, json);
    return text;
}

enum { SAY_CALL, SAY_EVENT, SAY_REFUSE };

/* toolCall(id, name, arguments), event(name, value), refuse(status, code, text) */
static JSValue js_say(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic) {
    (void)this;
    const char *texts[3] = {"", "", ""};
    size_t lens[3] = {0, 0, 0};
    int32_t status = 0;
    int from = magic == SAY_REFUSE ? 1 : 0;
    if (from && JS_ToInt32(ctx, &status, argc > 0 ? argv[0] : JS_UNDEFINED)) {
        return JS_EXCEPTION;
    }
    for (int i = from; i < argc && i < 3; i++) {
        texts[i] = json_of(ctx, argv[i], &lens[i]);
        if (!texts[i]) {
            return JS_EXCEPTION;
        }
    }
    int32_t n = magic == SAY_CALL ? realm_host_tool_call(texts[0], lens[0], texts[1], lens[1], texts[2], lens[2])
                : magic == SAY_EVENT ? realm_host_event(texts[0], lens[0], texts[1], lens[1])
                                     : realm_host_refuse((uint32_t)status, texts[1], lens[1], texts[2], lens[2]);
    return n < 0 ? host_error(ctx, n) : JS_UNDEFINED;
}

enum { KV_GET, KV_SET, KV_DELETE, KV_ADD, KV_SWAP };

/* A text, or for null and undefined no value. */
static const char *value_of(JSContext *ctx, JSValueConst value, uint32_t *len) {
    size_t n = 0;
    if (JS_IsNull(value) || JS_IsUndefined(value)) {
        *len = REALM_NO_VALUE;
        return "";
    }
    const char *text = JS_ToCStringLen(ctx, &n, value);
    *len = (uint32_t)n;
    return text;
}

static JSValue kv_get(JSContext *ctx, const char *key, uint32_t len) {
    int32_t n = realm_host_kv_get(key, len, 0, 0);
    char *value = n < 0 ? 0 : malloc((size_t)n + 1);
    if (value) {
        int32_t now = realm_host_kv_get(key, len, value, (uint32_t)n);
        n = now < n ? now : n;
    }
    return n < 0 && n != REALM_NO_SUCH_KEY ? host_error(ctx, n) : copied(ctx, value ? n : -1, value);
}

static JSValue js_kv(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic) {
    (void)this;
    size_t len = 0;
    const char *key = JS_ToCStringLen(ctx, &len, argc > 0 ? argv[0] : JS_UNDEFINED);
    if (!key) {
        return JS_EXCEPTION;
    }
    uint32_t key_len = (uint32_t)len, old_len = 0, new_len = 0;
    int64_t sum = 0, delta = 1;
    int32_t n = 0;
    switch (magic) {
    case KV_GET:
        return kv_get(ctx, key, key_len);
    case KV_SET: {
        const char *value = value_of(ctx, argc > 1 ? argv[1] : JS_NULL, &new_len);
        if (!value) {
            return JS_EXCEPTION;
        }
        n = new_len == REALM_NO_VALUE ? realm_host_kv_delete(key, key_len) : realm_host_kv_set(key, key_len, value, new_len);
        return n < 0 && n != REALM_NO_SUCH_KEY ? host_error(ctx, n) : JS_UNDEFINED;
    }
    case KV_DELETE:
        n = realm_host_kv_delete(key, key_len);
        return n < 0 && n != REALM_NO_SUCH_KEY ? host_error(ctx, n) : JS_NewBool(ctx, n == 0);
    case KV_ADD:
        if (argc > 1 && JS_ToInt64(ctx, &delta, argv[1])) {
            return JS_EXCEPTION;
        }
        n = realm_host_kv_add(key, key_len, delta, &sum);
        return n < 0 ? host_error(ctx, n) : JS_NewInt64(ctx, sum);
    default: {
        const char *old = value_of(ctx, argc > 1 ? argv[1] : JS_NULL, &old_len);
        const char *value = old ? value_of(ctx, argc > 2 ? argv[2] : JS_NULL, &new_len) : 0;
        if (!value) {
            return JS_EXCEPTION;
        }
        n = realm_host_kv_swap(key, key_len, old, old_len, value, new_len);
        return n < 0 && n != REALM_STALE ? host_error(ctx, n) : JS_NewBool(ctx, n == 0);
    }
    }
}

static JSValue js_put(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    (void)this;
    size_t len = 0, value_len = 0;
    uint32_t seconds = 0;
    const char *key = JS_ToCStringLen(ctx, &len, argc > 0 ? argv[0] : JS_UNDEFINED);
    const char *value = key ? JS_ToCStringLen(ctx, &value_len, argc > 1 ? argv[1] : JS_UNDEFINED) : 0;
    if (!value || (argc > 2 && JS_ToUint32(ctx, &seconds, argv[2]))) {
        return JS_EXCEPTION;
    }
    int32_t n = realm_host_kv_put(key, (uint32_t)len, value, (uint32_t)value_len, seconds);
    return n < 0 ? host_error(ctx, n) : JS_UNDEFINED;
}

/* Keys with the number that comes with each, which is given a name; without one the keys alone. */
static JSValue records(JSContext *ctx, const char *bytes, int32_t size, const char *number) {
    JSValue list = JS_NewArray(ctx);
    uint32_t count = 0;
    for (int32_t at = 0; at + 8 <= size;) {
        uint32_t len;
        float cosine;
        memcpy(&len, bytes + at, 4);
        memcpy(&cosine, bytes + at + 4, 4);
        JSValue one = JS_NewStringLen(ctx, bytes + at + 8, len);
        if (number) {
            JSValue object = JS_NewObject(ctx);
            JS_SetPropertyStr(ctx, object, "key", one);
            JS_SetPropertyStr(ctx, object, number, JS_NewFloat64(ctx, cosine));
            one = object;
        }
        JS_SetPropertyUint32(ctx, list, count++, one);
        at += 8 + (int32_t)len;
    }
    return list;
}

static JSValue js_list(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    (void)this;
    size_t len = 0, after_len = 0;
    const char *prefix = argc > 0 ? JS_ToCStringLen(ctx, &len, argv[0]) : "";
    const char *after = argc > 1 && prefix ? JS_ToCStringLen(ctx, &after_len, argv[1]) : "";
    if (!prefix || !after) {
        return JS_EXCEPTION;
    }
    char *room = malloc(32768);
    int32_t n = room ? realm_host_kv_list(prefix, (uint32_t)len, after, (uint32_t)after_len, room, 32768) : REALM_NO_MEMORY;
    JSValue list = n < 0 ? host_error(ctx, n) : records(ctx, room, n, 0);
    free(room);
    return list;
}

/* The numbers of an array, typed or not; 0 when it is none. */
static float *floats(JSContext *ctx, JSValueConst array, uint32_t *count) {
    double length = 0;
    if (!JS_IsObject(array) || number(ctx, array, "length", &length) < 1 || !(length >= 1 && length <= 16384)) {
        JS_ThrowTypeError(ctx, "a vector is an array of 1 to 16384 numbers");
        return 0;
    }
    float *all = malloc(sizeof(float) * (uint32_t)length);
    *count = (uint32_t)length;
    for (uint32_t i = 0; all && i < *count; i++) {
        JSValue value = JS_GetPropertyUint32(ctx, array, i);
        double x = 0;
        int bad = JS_ToFloat64(ctx, &x, value);
        JS_FreeValue(ctx, value);
        if (bad) {
            free(all);
            return 0;
        }
        all[i] = (float)x;
    }
    return all;
}

static JSValue js_set_vector(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    (void)this;
    size_t len = 0;
    uint32_t count = 0;
    const char *key = JS_ToCStringLen(ctx, &len, argc > 0 ? argv[0] : JS_UNDEFINED);
    float *vector = key ? floats(ctx, argc > 1 ? argv[1] : JS_UNDEFINED, &count) : 0;
    if (!vector) {
        return JS_EXCEPTION;
    }
    int32_t n = realm_host_kv_set(key, (uint32_t)len, (const char *)vector, count * 4);
    free(vector);
    return n < 0 ? host_error(ctx, n) : JS_UNDEFINED;
}

static JSValue js_search(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    (void)this;
    size_t len = 0;
    uint32_t count = 0, most = 10;
    const char *prefix = JS_ToCStringLen(ctx, &len, argc > 0 ? argv[0] : JS_UNDEFINED);
    float *vector = prefix ? floats(ctx, argc > 1 ? argv[1] : JS_UNDEFINED, &count) : 0;
    if (!vector || (argc > 2 && !JS_IsUndefined(argv[2]) && JS_ToUint32(ctx, &most, argv[2]))) {
        return JS_EXCEPTION;
    }
    most = most > 100 ? 100 : most;
    char *room = malloc(100 * 1032);
    int32_t n = room ? realm_host_vec_search(prefix, (uint32_t)len, vector, count, most, room, 100 * 1032) : REALM_NO_MEMORY;
    JSValue list = n < 0 ? host_error(ctx, n) : records(ctx, room, n, "cosine");
    free(room);
    free(vector);
    return list;
}

static JSValue js_embed(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    (void)this;
    size_t len = 0;
    int32_t model = 0;
    const char *text = JS_ToCStringLen(ctx, &len, argc > 0 ? argv[0] : JS_UNDEFINED);
    if (!text || (argc > 1 && JS_ToInt32(ctx, &model, argv[1]))) {
        return JS_EXCEPTION;
    }
    float *vector = malloc(sizeof(float) * 4096);
    int32_t n = vector ? realm_host_embed((uint32_t)model, text, (uint32_t)len, vector, 4096) : REALM_NO_MEMORY;
    JS_FreeCString(ctx, text);
    JSValue list = n < 0 ? host_error(ctx, n) : JS_NewArray(ctx);
    for (int32_t i = 0; i < n && i < 4096; i++) {
        JS_SetPropertyUint32(ctx, list, (uint32_t)i, JS_NewFloat64(ctx, vector[i]));
    }
    free(vector);
    return list;
}

/* http({url, method, headers, body}): {status, headers, body} */
static JSValue js_http(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    (void)this;
    static const char *const fields[] = {"url", "method", "headers"};
    if (argc < 1 || !JS_IsObject(argv[0])) {
        return JS_ThrowTypeError(ctx, "http takes an object with url, and method, headers and body if wanted");
    }
    JSValue head = JS_NewObject(ctx), body;
    for (int i = 0; i < 3; i++) {
        JS_SetPropertyStr(ctx, head, fields[i], JS_GetPropertyStr(ctx, argv[0], fields[i]));
    }
    size_t len = 0, body_len = 0;
    const char *request = json_of(ctx, head, &len), *content = "";
    JS_FreeValue(ctx, head);
    int there = field(ctx, argv[0], "body", &body);
    if (there > 0) {
        content = json_of(ctx, body, &body_len);
    }
    JS_FreeValue(ctx, body);
    if (!request || there < 0 || !content) {
        return JS_EXCEPTION;
    }
    uint32_t size = 16384;
    char *out = malloc(size);
    int32_t n = out ? realm_host_http(request, (uint32_t)len, content, (uint32_t)body_len, out, size) : REALM_NO_MEMORY;
    if (n == REALM_RESULT_TOO_LARGE) {
        do {
            free(out);
            size *= 4;
            out = malloc(size);
            n = out ? realm_host_result(0, out, size) : REALM_NO_MEMORY;
        } while (n == (int32_t)size);
    }
    if (n < 8) {
        free(out);
        return host_error(ctx, n);
    }
    uint32_t status, headers;
    memcpy(&status, out, 4);
    memcpy(&headers, out + 4, 4);
    char *json = malloc(headers + 1);
    JSValue answer = JS_NewObject(ctx);
    if (json) {
        memcpy(json, out + 8, headers);
        json[headers] = 0;
        JS_SetPropertyStr(ctx, answer, "headers", JS_ParseJSON(ctx, json, headers, "headers"));
    }
    JS_SetPropertyStr(ctx, answer, "status", JS_NewUint32(ctx, status));
    JS_SetPropertyStr(ctx, answer, "body", JS_NewStringLen(ctx, out + 8 + headers, (size_t)n - 8 - headers));
    free(json);
    free(out);
    return answer;
}

#include "sequences.c"

static const JSCFunctionListEntry kv_functions[] = {
    JS_CFUNC_MAGIC_DEF("get", 1, js_kv, KV_GET),       JS_CFUNC_MAGIC_DEF("set", 2, js_kv, KV_SET),
    JS_CFUNC_MAGIC_DEF("delete", 1, js_kv, KV_DELETE), JS_CFUNC_MAGIC_DEF("add", 2, js_kv, KV_ADD),
    JS_CFUNC_MAGIC_DEF("swap", 3, js_kv, KV_SWAP),     JS_CFUNC_DEF("put", 3, js_put),
    JS_CFUNC_DEF("list", 2, js_list),                  JS_CFUNC_DEF("setVector", 2, js_set_vector),
    JS_CFUNC_DEF("search", 3, js_search),
};
static const JSCFunctionListEntry realm_functions[] = {
    JS_CFUNC_DEF("generate", 2, js_generate),
    JS_CFUNC_DEF("emit", 1, js_emit),
    JS_CFUNC_DEF("countTokens", 2, js_count_tokens),
    JS_CFUNC_DEF("setting", 1, js_setting),
    JS_CFUNC_DEF("request", 0, js_request),
    JS_CFUNC_DEF("tokens", 1, js_tokens),
    JS_CFUNC_DEF("render", 3, js_render),
    JS_CFUNC_DEF("model", 1, js_model),
    JS_CFUNC_DEF("usage", 0, js_usage),
    JS_CFUNC_DEF("finish", 1, js_finish),
    JS_CFUNC_MAGIC_DEF("toolCall", 3, js_say, SAY_CALL),
    JS_CFUNC_MAGIC_DEF("event", 2, js_say, SAY_EVENT),
    JS_CFUNC_MAGIC_DEF("refuse", 3, js_say, SAY_REFUSE),
    JS_CFUNC_DEF("embed", 2, js_embed),
    JS_CFUNC_DEF("http", 1, js_http),
    JS_OBJECT_DEF("kv", kv_functions, sizeof kv_functions / sizeof *kv_functions, JS_PROP_ENUMERABLE),
    JS_PROP_INT32_DEF("PASS", REALM_PASS, JS_PROP_ENUMERABLE),
    JS_PROP_INT32_DEF("SWALLOW", REALM_SWALLOW, JS_PROP_ENUMERABLE),
    JS_PROP_INT32_DEF("STOP", REALM_STOP, JS_PROP_ENUMERABLE),
};
static const JSCFunctionListEntry console_functions[] = {
    JS_CFUNC_MAGIC_DEF("error", 1, js_log, REALM_ERROR), JS_CFUNC_MAGIC_DEF("warn", 1, js_log, REALM_WARN),
    JS_CFUNC_MAGIC_DEF("log", 1, js_log, REALM_INFO),    JS_CFUNC_MAGIC_DEF("info", 1, js_log, REALM_INFO),
    JS_CFUNC_MAGIC_DEF("debug", 1, js_log, REALM_DEBUG),
};

static void give(JSContext *ctx, JSValue global, const char *name, const JSCFunctionListEntry *functions, int count) {
    JSValue object = JS_NewObject(ctx);
    JS_SetPropertyFunctionList(ctx, object, functions, count);
    JS_DefinePropertyValueStr(ctx, global, name, object, JS_PROP_CONFIGURABLE);
}

/* QuickJS's own would go on from a seed in the snapshot, which is the same in every request of every script. */
static JSValue js_random(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
    (void)this;
    (void)argc;
    (void)argv;
    uint64_t bits = 0;
    if (getentropy(&bits, sizeof bits)) {
        return JS_ThrowInternalError(ctx, "the host gives no random numbers");
    }
    return JS_NewFloat64(ctx, (double)(bits >> 11) * 0x1p-53);
}

static void start(void) {
    JSRuntime *runtime = JS_NewRuntime();
    JS_SetMaxStackSize(runtime, 96 * 1024);
    context = JS_NewContext(runtime);
    JSValue global = JS_GetGlobalObject(context);
    give(context, global, "realm", realm_functions, sizeof realm_functions / sizeof *realm_functions);
    give(context, global, "console", console_functions, sizeof console_functions / sizeof *console_functions);
    JSValue math = JS_GetPropertyStr(context, global, "Math");
    JS_DefinePropertyValueStr(context, math, "random", JS_NewCFunction(context, js_random, "random", 0),
                              JS_PROP_CONFIGURABLE | JS_PROP_WRITABLE);
    JS_FreeValue(context, math);
    JS_FreeValue(context, global);
    start_sequences(context);
}

/* What a script threw, for realm_script's caller and the log: message and stack. */
static char failure[1024];

REALM_EXPORT("realm_script_error") const char *realm_script_error(void) { return failure; }

static void keep_failure(void) {
    JSValue thrown = JS_GetException(context);
    uint32_t at = 0;
    for (int part = 0; part < 2; part++) {
        JSValue text = part && JS_IsObject(thrown) ? JS_GetPropertyStr(context, thrown, "stack") : JS_DupValue(context, thrown);
        const char *chars = part && !JS_IsString(text) ? 0 : JS_ToCString(context, text);
        JS_FreeValue(context, text);
        if (!chars) {
            JS_FreeValue(context, JS_GetException(context));
            continue;
        }
        for (const char *c = chars; *c && at < sizeof failure - 2; c++) {
            failure[at++] = *c == '\n' ? ' ' : *c;
        }
        failure[at++] = ' ';
        JS_FreeCString(context, chars);
    }
    failure[at] = 0;
    JS_FreeValue(context, thrown);
}

/* Whether the script has a function of that name. */
static int has(const char *name) {
    JSValue global = JS_GetGlobalObject(context);
    JSValue function = JS_GetPropertyStr(context, global, name);
    int found = JS_IsFunction(context, function);
    JS_FreeValue(context, function);
    JS_FreeValue(context, global);
    return found;
}

REALM_EXPORT("realm_snapshot") int32_t realm_snapshot(void) {
    start();
    return 0;
}

/* Evaluates a guest's script, which ends with a NUL: below 0 it failed, otherwise bit 0 onToken, 1 it emits, 2 onStep, 3 onSchedule. */
REALM_EXPORT("realm_script") int32_t realm_script(const char *source, uint32_t len) {
    JSValue value = JS_Eval(context, source, len, "guest.js", JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_STRICT);
    JSContext *job;
    int jobs = 0;
    while (!JS_IsException(value) && (jobs = JS_ExecutePendingJob(JS_GetRuntime(context), &job)) > 0) {
    }
    if (JS_IsException(value) || jobs < 0) {
        keep_failure();
        return -1;
    }
    JS_FreeValue(context, value);
    if (!has("generate")) {
        memcpy(failure, "the script has no function generate(prompt, options)", 53);
        return -1;
    }
    return has("onToken") | (strstr(source, "emit") ? 2 : 0) | (has("onStep") ? 4 : 0) | (has("onSchedule") ? 8 : 0);
}

static JSValue call(const char *name, int argc, JSValue *argv) {
    JSValue global = JS_GetGlobalObject(context);
    JSValue function = JS_GetPropertyStr(context, global, name);
    JSValue result = JS_Call(context, function, JS_UNDEFINED, argc, argv);
    JS_FreeValue(context, function);
    JS_FreeValue(context, global);
    return result;
}

static void report(void) {
    keep_failure();
    realm_host_log(REALM_ERROR, failure, (uint32_t)strlen(failure));
}

/* A promise is waited for: jobs run until it is settled, which is at once or never. */
static JSValue settled(JSValue value) {
    JSContext *job;
    if (!JS_IsPromise(value)) {
        return value;
    }
    while (JS_PromiseState(context, value) == JS_PROMISE_PENDING && JS_ExecutePendingJob(JS_GetRuntime(context), &job) > 0) {
    }
    JSValue result = JS_PromiseResult(context, value);
    if (JS_PromiseState(context, value) == JS_PROMISE_FULFILLED) {
        return result;
    }
    return JS_Throw(context, JS_PromiseState(context, value) == JS_PROMISE_REJECTED ? result : JS_NewString(context, "generate never ends"));
}

REALM_EXPORT("generate")
const char *generate(const char *prompt, uint32_t len, uint32_t model, const realm_options *options) {
    (void)model;
    request_flags = options->flags;
    JSValue text = JS_NewStringLen(context, prompt, len);
    JSValue result = settled(call("generate", 1, &text));
    if (JS_IsException(result)) {
        report();
        return 0;
    }
    if (JS_IsUndefined(result) || JS_IsNull(result)) {
        return "";
    }
    const char *answer = JS_ToCString(context, result);
    if (!answer) {
        report();
    }
    return answer;
}

REALM_EXPORT("on_schedule") int32_t on_schedule(const char *name, uint32_t len) {
    JSValue text = JS_NewStringLen(context, name, len);
    JSValue result = settled(call("onSchedule", 1, &text));
    if (JS_IsException(result)) {
        report();
        return -1;
    }
    return 0;
}

/* What a hook answered; nothing passes on. */
static int32_t verdict_of(JSValue result) {
    int32_t verdict = REALM_PASS;
    if (JS_IsException(result)) {
        report();
        return -1;
    }
    if (!JS_IsUndefined(result) && JS_ToInt32(context, &verdict, result)) {
        return -1;
    }
    JS_FreeValue(context, result);
    return verdict;
}

REALM_EXPORT("on_token") int32_t on_token(const char *piece, uint32_t len) {
    JSValue text = JS_NewStringLen(context, piece, len);
    int32_t verdict = verdict_of(call("onToken", 1, &text));
    JS_FreeValue(context, text);
    return verdict;
}

REALM_EXPORT("on_step") int32_t on_step(int32_t seq, const realm_step *records, int32_t count) {
    static JSValue stepping;
    static int32_t wrapped;
    if (wrapped != seq) {
        JSValue handle = JS_NewInt32(context, seq);
        stepping = JS_Call(context, seq_wrap, JS_UNDEFINED, 1, &handle);
        wrapped = seq;
    }
    JSValue args[] = {stepping, steps(context, records, count), JS_NewBool(context, count < 0)};
    int32_t verdict = verdict_of(call("onStep", 3, args));
    JS_FreeValue(context, args[1]);
    return verdict;
}
