/*
 * Sequences for scripts, included by engine.c: small functions on handles and buffers. sequences.js makes the objects of them that
 * scripts see; it is evaluated before any script, and what it returns wraps the handle that on_step gets.
 */
enum { SEQ_OPEN, SEQ_FEED, SEQ_START, SEQ_WAIT, SEQ_TAKE, SEQ_TEXT, SEQ_INFO, SEQ_TOP, SEQ_SCORE, SEQ_FORK, SEQ_ROLLBACK, SEQ_CLOSE,
       SEQ_GRAMMAR, SEQ_ALLOWED, SEQ_MASK, SEQ_BIAS, GRAMMAR, VOCAB, TOKENIZE };

static JSValue seq_wrap;

static JSValue steps(JSContext *ctx, const realm_step *records, int32_t n) {
    JSValue list = JS_NewArray(ctx);
    for (int32_t i = 0; i < n; i++) {
        JSValue one = JS_NewObject(ctx);
        JS_SetPropertyStr(ctx, one, "id", JS_NewUint32(ctx, records[i].token));
        JS_SetPropertyStr(ctx, one, "logProb", JS_NewFloat64(ctx, records[i].log_prob));
        JS_SetPropertyStr(ctx, one, "text", JS_NewStringLen(ctx, records[i].text, records[i].len));
        JS_SetPropertyUint32(ctx, list, (uint32_t)i, one);
    }
    return list;
}

static JSValue seq_take(JSContext *ctx, int32_t seq) {
    char *room = malloc(16384);
    int32_t n = room ? realm_host_seq_take(seq, (realm_step *)room, 16384) : REALM_NO_MEMORY;
    JSValue list = n < 0 ? host_error(ctx, n) : steps(ctx, (realm_step *)room, n);
    free(room);
    return list;
}

/* Everything that comes until the sequence stops, as one text: characters may be spread over tokens. */
static JSValue seq_text(JSContext *ctx, int32_t seq) {
    char *room = malloc(16384), *text = malloc(4096);
    size_t have = 0, size = 4096;
    realm_seq_info info = {REALM_GENERATING, 0, 0, 0};
    int32_t n = room && text ? 0 : REALM_NO_MEMORY;
    while (n >= 0 && (info.state == REALM_GENERATING || info.untaken)) {
        if (info.state == REALM_GENERATING && !info.untaken) {
            realm_host_seq_wait(&seq, 1, 1000);
        }
        n = realm_host_seq_take(seq, (realm_step *)room, 16384);
        realm_step *records = (realm_step *)room;
        for (int32_t i = 0; i < n; i++) {
            if (have + records[i].len > size) {
                size = 2 * (have + records[i].len);
                char *larger = realloc(text, size);
                if (!larger) {
                    free(room);
                    free(text);
                    return host_error(ctx, REALM_NO_MEMORY);
                }
                text = larger;
            }
            memcpy(text + have, records[i].text, records[i].len);
            have += records[i].len;
        }
        n = n < 0 ? n : realm_host_seq_info(seq, &info, sizeof info);
    }
    JSValue result = n < 0 ? host_error(ctx, n) : JS_NewStringLen(ctx, text, have);
    free(room);
    free(text);
    return result;
}

/* magic: what is done; arguments: a handle or a model, a buffer or text where there is one, two numbers. */
static JSValue js_seq(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int magic) {
    (void)this;
    int32_t handle = 0, a = 0, b = 0, n;
    size_t len = 0;
    uint8_t *bytes = 0;
    const char *text = 0;
    if (JS_ToInt32(ctx, &handle, argv[0]) || JS_ToInt32(ctx, &a, argc > 2 ? argv[2] : JS_UNDEFINED) ||
        JS_ToInt32(ctx, &b, argc > 3 ? argv[3] : JS_UNDEFINED)) {
        return JS_EXCEPTION;
    }
    if (argc > 1 && JS_IsString(argv[1])) {
        text = JS_ToCStringLen(ctx, &len, argv[1]);
        if (!text) {
            return JS_EXCEPTION;
        }
    } else if (argc > 1 && JS_IsArrayBuffer(argv[1])) {
        bytes = JS_GetArrayBuffer(ctx, &len, argv[1]);
    }
    switch (magic) {
    case SEQ_OPEN: {
        realm_options options;
        if (read_options(ctx, argc > 1 ? argv[1] : JS_UNDEFINED, &options)) {
            return JS_EXCEPTION;
        }
        n = realm_host_seq_open((uint32_t)handle, &options);
        break;
    }
    case SEQ_FEED:
        n = text ? realm_host_seq_feed(handle, text, (uint32_t)len, (uint32_t)a)
                 : realm_host_seq_feed(handle, bytes, (uint32_t)len / 4, (uint32_t)a | REALM_FEED_IDS);
        break;
    case SEQ_START: n = realm_host_seq_start(handle, (uint32_t)a); break;
    case SEQ_WAIT:
        n = realm_host_seq_wait((const int32_t *)bytes, (uint32_t)len / 4, (uint32_t)a);
        if (n == REALM_NOT_YET) {
            return JS_NewInt32(ctx, -1);
        }
        break;
    case SEQ_TAKE: return seq_take(ctx, handle);
    case SEQ_TEXT: return seq_text(ctx, handle);
    case SEQ_INFO: n = realm_host_seq_info(handle, (realm_seq_info *)bytes, (uint32_t)len); break;
    case SEQ_TOP: n = realm_host_seq_top(handle, (uint32_t)len / 8, (realm_alternative *)bytes); break;
    case SEQ_SCORE: /* in the ids' own buffer */
        n = realm_host_seq_score(handle, (uint32_t *)bytes, (uint32_t)len / 4, (float *)bytes);
        break;
    case SEQ_FORK: n = realm_host_seq_fork(handle); break;
    case SEQ_ROLLBACK: n = realm_host_seq_rollback(handle, (uint32_t)a); break;
    case SEQ_CLOSE: n = realm_host_seq_close(handle); break;
    case SEQ_GRAMMAR: n = realm_host_seq_grammar(handle, a); break;
    case SEQ_ALLOWED: n = realm_host_seq_allowed(handle, (uint32_t *)bytes, (uint32_t)len / 4); break;
    case SEQ_MASK: n = realm_host_seq_mask(handle, (uint32_t *)bytes, (uint32_t)len / 4, (uint32_t)a); break;
    case SEQ_BIAS: n = realm_host_seq_bias(handle, (realm_bias *)bytes, (uint32_t)len / 8); break;
    case GRAMMAR: n = realm_host_grammar((uint32_t)handle, (uint32_t)a, text, (uint32_t)len); break;
    case VOCAB: n = realm_host_vocab((uint32_t)handle, (uint32_t)a, bytes, (uint32_t)len); break;
    default: /* as many ids as fit into the buffer in argv[4] */ {
        size_t size = 0;
        uint8_t *ids = argc > 4 && JS_IsArrayBuffer(argv[4]) ? JS_GetArrayBuffer(ctx, &size, argv[4]) : 0;
        n = realm_host_tokenize((uint32_t)handle, text, (uint32_t)len, (uint32_t *)ids, (uint32_t)size / 4);
    }
    }
    if (text) {
        JS_FreeCString(ctx, text);
    }
    return n < 0 ? host_error(ctx, n) : JS_NewInt32(ctx, n);
}

static const JSCFunctionListEntry seq_functions[] = {
    JS_CFUNC_MAGIC_DEF("open", 2, js_seq, SEQ_OPEN),         JS_CFUNC_MAGIC_DEF("feed", 3, js_seq, SEQ_FEED),
    JS_CFUNC_MAGIC_DEF("start", 3, js_seq, SEQ_START),       JS_CFUNC_MAGIC_DEF("wait", 3, js_seq, SEQ_WAIT),
    JS_CFUNC_MAGIC_DEF("take", 1, js_seq, SEQ_TAKE),         JS_CFUNC_MAGIC_DEF("text", 1, js_seq, SEQ_TEXT),
    JS_CFUNC_MAGIC_DEF("info", 2, js_seq, SEQ_INFO),         JS_CFUNC_MAGIC_DEF("top", 2, js_seq, SEQ_TOP),
    JS_CFUNC_MAGIC_DEF("score", 2, js_seq, SEQ_SCORE),       JS_CFUNC_MAGIC_DEF("fork", 1, js_seq, SEQ_FORK),
    JS_CFUNC_MAGIC_DEF("rollback", 3, js_seq, SEQ_ROLLBACK), JS_CFUNC_MAGIC_DEF("close", 1, js_seq, SEQ_CLOSE),
    JS_CFUNC_MAGIC_DEF("hold", 3, js_seq, SEQ_GRAMMAR),      JS_CFUNC_MAGIC_DEF("allowed", 2, js_seq, SEQ_ALLOWED),
    JS_CFUNC_MAGIC_DEF("mask", 3, js_seq, SEQ_MASK),         JS_CFUNC_MAGIC_DEF("bias", 2, js_seq, SEQ_BIAS),
    JS_CFUNC_MAGIC_DEF("grammar", 3, js_seq, GRAMMAR),       JS_CFUNC_MAGIC_DEF("vocab", 3, js_seq, VOCAB),
    JS_CFUNC_MAGIC_DEF("tokenize", 5, js_seq, TOKENIZE),
};

static const char seq_source[] = {
#embed "sequences.js"
    , 0};

static void start_sequences(JSContext *ctx) {
    JSValue make = JS_Eval(ctx, seq_source, sizeof seq_source - 1, "sequences.js", JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_STRICT);
    JSValue natives = JS_NewObject(ctx);
    JS_SetPropertyFunctionList(ctx, natives, seq_functions, sizeof seq_functions / sizeof *seq_functions);
    seq_wrap = JS_Call(ctx, make, JS_UNDEFINED, 1, &natives);
    JS_FreeValue(ctx, make);
    JS_FreeValue(ctx, natives);
}
