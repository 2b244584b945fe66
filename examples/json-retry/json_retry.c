/*
 * json-retry: generates until the answer is one JSON value, a few times at most, each time a little warmer, and fails with the
 * last error otherwise. Setting: tries, 3 when it is not set. The client gets nothing before it parses.
 */
#define REALM_GUEST
#include "realm.h"

enum { DEEPEST = 64 };

typedef struct {
    const char *at;
    const char *end;
} input;

static void space(input *in) {
    while (in->at < in->end && (*in->at == ' ' || *in->at == '\n' || *in->at == '\r' || *in->at == '\t')) {
        in->at++;
    }
}

static int next_is(input *in, char c) {
    space(in);
    if (in->at < in->end && *in->at == c) {
        in->at++;
        return 1;
    }
    return 0;
}

static int word(input *in, const char *w) {
    uint32_t n = realm_length(w);
    if ((uint32_t)(in->end - in->at) < n || !realm_equal(in->at, w, n)) {
        return 0;
    }
    in->at += n;
    return 1;
}

static int is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

static int string(input *in) {
    if (!next_is(in, '"')) {
        return 0;
    }
    while (in->at < in->end) {
        unsigned char c = (unsigned char)*in->at++;
        if (c == '"') {
            return 1;
        }
        if (c < 0x20) {
            return 0;
        }
        if (c == '\\') {
            if (in->at == in->end) {
                return 0;
            }
            char e = *in->at++;
            if (e == 'u') {
                for (int i = 0; i < 4; i++) {
                    if (in->at == in->end || !is_hex(*in->at++)) {
                        return 0;
                    }
                }
            } else if (e != '"' && e != '\\' && e != '/' && e != 'b' && e != 'f' && e != 'n' && e != 'r' && e != 't') {
                return 0;
            }
        }
    }
    return 0;
}

static int digits(input *in) {
    const char *begin = in->at;
    while (in->at < in->end && *in->at >= '0' && *in->at <= '9') {
        in->at++;
    }
    return in->at > begin;
}

static int number(input *in) {
    if (in->at < in->end && *in->at == '-') {
        in->at++;
    }
    if (in->at < in->end && *in->at == '0') {
        in->at++;
    } else if (!digits(in)) {
        return 0;
    }
    if (in->at < in->end && *in->at == '.') {
        in->at++;
        if (!digits(in)) {
            return 0;
        }
    }
    if (in->at < in->end && (*in->at == 'e' || *in->at == 'E')) {
        in->at++;
        if (in->at < in->end && (*in->at == '+' || *in->at == '-')) {
            in->at++;
        }
        return digits(in);
    }
    return 1;
}

static int value(input *in, int depth) {
    space(in);
    if (in->at == in->end || depth > DEEPEST) {
        return 0;
    }
    switch (*in->at) {
    case '"':
        return string(in);
    case '{':
        in->at++;
        if (next_is(in, '}')) {
            return 1;
        }
        do {
            if (!string(in) || !next_is(in, ':') || !value(in, depth + 1)) {
                return 0;
            }
        } while (next_is(in, ','));
        return next_is(in, '}');
    case '[':
        in->at++;
        if (next_is(in, ']')) {
            return 1;
        }
        do {
            if (!value(in, depth + 1)) {
                return 0;
            }
        } while (next_is(in, ','));
        return next_is(in, ']');
    case 't':
        return word(in, "true");
    case 'f':
        return word(in, "false");
    case 'n':
        return word(in, "null");
    default:
        return number(in);
    }
}

static int is_json(const char *text, uint32_t len) {
    input in = {text, text + len};
    if (!value(&in, 0)) {
        return 0;
    }
    space(&in);
    return in.at == in.end;
}

REALM_EXPORT("generate")
const char *generate(const char *prompt, uint32_t prompt_len, uint32_t model, realm_options *options) {
    char *setting = realm_setting("tries");
    int tries = setting && *setting >= '1' && *setting <= '9' ? *setting - '0' : 3;
    options->flags &= (uint16_t)~REALM_FLAG_STREAM; /* nothing is shown before it is known to be right */
    for (int i = 0; i < tries; i++) {
        uint32_t len = 0;
        char *text = realm_generate(model, prompt, prompt_len, options, &len);
        if (!text) {
            return 0;
        }
        if (is_json(text, len)) {
            return text;
        }
        realm_host_log(REALM_WARN, "the answer is not JSON, again", 29);
        options->temperature += 0.3f;
        options->present |= REALM_HAS_TEMPERATURE;
        options->seed = options->seed * 6364136223846793005u + 1442695040888963407u; /* the same one would give the same answer */
        options->present |= REALM_HAS_SEED;
    }
    realm_host_log(REALM_ERROR, "no answer was JSON", 18);
    return 0;
}
