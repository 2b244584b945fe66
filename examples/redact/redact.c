/*
 * redact: no e-mail address and no card number leaves the server. Sees every piece of text before the client does and holds
 * back what could still become one, so that neither is missed where it is split over tokens; streams the rest as it comes.
 */
#define REALM_GUEST
#include "realm.h"

/* A word is held until it ends. Longer than this it is no address and no number, and is let go. */
enum { LONGEST = 256 };

static char held[LONGEST + 8];
static uint32_t held_len;

static int is_digit(char c) { return c >= '0' && c <= '9'; }
static int is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* What addresses and numbers are made of. A space or a dash between digits belongs to a number, see continues(). */
static int is_word(char c) {
    return is_digit(c) || is_letter(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-' || c == '@';
}

static int is_email(const char *s, uint32_t n) {
    uint32_t at = 0;
    while (at < n && s[at] != '@') {
        at++;
    }
    if (at == 0 || at + 3 >= n) {
        return 0;
    }
    for (uint32_t i = at + 2; i + 1 < n; i++) {
        if (s[i] == '.' && is_letter(s[i + 1])) {
            return 1;
        }
    }
    return 0;
}

/* 13 to 19 digits whose weighted sum is right (Luhn), as every card number has. */
static int is_card(const char *s, uint32_t n) {
    uint32_t digits = 0, sum = 0;
    for (uint32_t i = n; i-- > 0;) {
        if (!is_digit(s[i])) {
            if (s[i] == ' ' || s[i] == '-') {
                continue;
            }
            return 0;
        }
        uint32_t d = (uint32_t)(s[i] - '0');
        if (digits++ % 2) {
            d *= 2;
            d = d > 9 ? d - 9 : d;
        }
        sum += d;
    }
    return digits >= 13 && digits <= 19 && sum % 10 == 0;
}

static int only_digits_and_gaps(const char *s, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        if (!is_digit(s[i]) && s[i] != ' ' && s[i] != '-') {
            return 0;
        }
    }
    return n > 0 && is_digit(s[0]);
}

/* Whether c can be part of what is held: a gap only between digits, and after a gap only a digit. */
static int continues(char c) {
    if (held[held_len - 1] == ' ') {
        return is_digit(c);
    }
    return is_word(c) || (c == ' ' && only_digits_and_gaps(held, held_len));
}

static void emit(const char *s, uint32_t n) {
    if (n) {
        realm_host_emit(s, n);
    }
}

static int is_border(const char *s, uint32_t n, uint32_t i) { return i == 0 || i == n || !is_digit(s[i]) || !is_digit(s[i - 1]); }

/* Groups of digits: the longest run of groups that is a card number is one, wherever it begins. */
static void release_digits(const char *s, uint32_t n) {
    uint32_t from = 0;
    while (from < n) {
        uint32_t to = n;
        while (to > from && !(is_digit(s[from]) && is_border(s, n, from) && is_border(s, n, to) && is_digit(s[to - 1])
                              && is_card(s + from, to - from))) {
            to--;
        }
        if (to > from) {
            emit("[card]", 6);
            from = to;
        } else {
            emit(s + from++, 1);
        }
    }
}

/* What was held is complete: sends it, or what stands for it. Full stops at its end are the sentence's, gaps the text's. */
static void release(void) {
    uint32_t n = held_len;
    while (n && (held[n - 1] == '.' || held[n - 1] == ' ' || held[n - 1] == '-')) {
        n--;
    }
    if (only_digits_and_gaps(held, n)) {
        release_digits(held, held_len);
    } else if (is_email(held, n)) {
        emit("[e-mail]", 8);
        emit(held + n, held_len - n);
    } else {
        emit(held, held_len);
    }
    held_len = 0;
}

REALM_EXPORT("on_token") int32_t on_token(const char *ptr, uint32_t len) {
    uint32_t plain = 0; /* start of what is neither held nor sent */
    for (uint32_t i = 0; i < len; i++) {
        if (held_len && !continues(ptr[i])) {
            release();
            plain = i;
        }
        if (held_len || is_word(ptr[i])) {
            if (!held_len) {
                emit(ptr + plain, i - plain);
            }
            held[held_len++] = ptr[i];
            plain = i + 1;
            if (held_len == LONGEST) {
                emit(held, held_len);
                held_len = 0;
            }
        }
    }
    emit(ptr + plain, len - plain);
    return REALM_SWALLOW;
}

REALM_EXPORT("generate")
const char *generate(const char *prompt, uint32_t prompt_len, uint32_t model, realm_options *options) {
    options->flags |= REALM_FLAG_STREAM;
    if (!realm_generate(model, prompt, prompt_len, options, 0)) {
        return 0;
    }
    release();
    return ""; /* all of it was emitted */
}
