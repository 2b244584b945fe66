//! Realm guest ABI, version 1, for Zig (0.14 and 0.15): one file, no library. docs/guest-abi.md is the reference.
//!
//!   zig build-exe -target wasm32-freestanding -O ReleaseSmall -fno-entry -rdynamic -fstrip --stack 16384 \
//!     --max-memory=4194304 -femit-bin=guest.wasm --dep realm -Mroot=guest.zig -Mrealm=realm.zig
//!
//! A guest says `comptime { realm.guest(run); }` with `fn run(prompt: []const u8, model: u32, options: *Options) Failed![]const u8`.
//! Memory comes from `allocator` and is never given back: an instance serves one request and is thrown away.

const std = @import("std");

pub const host = struct {
    pub extern "env" fn realm_host_generate(model: u32, prompt: [*]const u8, len: u32, options: ?*const Options, out: [*]u8, max: u32) i32;
    pub extern "env" fn realm_host_result(offset: u32, dst: [*]u8, len: u32) i32;
    pub extern "env" fn realm_host_emit(ptr: [*]const u8, len: u32) i32;
    pub extern "env" fn realm_host_tokenize(model: u32, ptr: [*]const u8, len: u32, dst: ?[*]u32, max: u32) i32;
    pub extern "env" fn realm_host_last_error(dst: ?[*]u8, max: u32) i32;
    pub extern "env" fn realm_host_log(level: u32, ptr: [*]const u8, len: u32) void;
    pub extern "env" fn realm_host_kv_get(key: [*]const u8, len: u32, dst: ?[*]u8, max: u32) i32;
    pub extern "env" fn realm_host_kv_set(key: [*]const u8, len: u32, val: [*]const u8, val_len: u32) i32;
    pub extern "env" fn realm_host_kv_delete(key: [*]const u8, len: u32) i32;
    pub extern "env" fn realm_host_kv_add(key: [*]const u8, len: u32, delta: i64, sum: *i64) i32;
    pub extern "env" fn realm_host_kv_swap(key: [*]const u8, len: u32, old: ?[*]const u8, old_len: u32, val: ?[*]const u8, val_len: u32) i32;
    pub extern "env" fn realm_host_kv_put(key: [*]const u8, key_len: u32, val: [*]const u8, val_len: u32, seconds: u32) i32;
    pub extern "env" fn realm_host_kv_list(prefix: [*]const u8, prefix_len: u32, after: [*]const u8, after_len: u32, dst: [*]u8, max: u32) i32;
    pub extern "env" fn realm_host_vec_search(prefix: [*]const u8, prefix_len: u32, vector: [*]const f32, dimensions: u32, n: u32, dst: [*]u8, max: u32) i32;
    pub extern "env" fn realm_host_embed(model: u32, ptr: [*]const u8, len: u32, dst: ?[*]f32, max: u32) i32;
    pub extern "env" fn realm_host_http(request: [*]const u8, request_len: u32, body: [*]const u8, body_len: u32, dst: [*]u8, max: u32) i32;
    pub extern "env" fn realm_host_config(key: [*]const u8, len: u32, dst: ?[*]u8, max: u32) i32;
    pub extern "env" fn realm_host_request(dst: ?[*]u8, max: u32) i32;
    pub extern "env" fn realm_host_render(model: u32, json: [*]const u8, len: u32, flags: u32, dst: ?[*]u8, max: u32) i32;
    pub extern "env" fn realm_host_model(model: u32, dst: ?[*]u8, max: u32) i32;
    pub extern "env" fn realm_host_finish(reason: u32) i32;
    pub extern "env" fn realm_host_tool_call(id: [*]const u8, id_len: u32, name: [*]const u8, name_len: u32, args: [*]const u8, args_len: u32) i32;
    pub extern "env" fn realm_host_event(name: [*]const u8, name_len: u32, json: [*]const u8, json_len: u32) i32;
    pub extern "env" fn realm_host_refuse(status: u32, code: [*]const u8, code_len: u32, text: [*]const u8, text_len: u32) i32;
    pub extern "env" fn realm_host_usage(dst: *Usage, size: u32) i32;
    pub extern "env" fn realm_host_pieces(first: u32, dst: ?*anyopaque, max: u32) i32;
    pub extern "env" fn realm_host_vocab(model: u32, first: u32, dst: [*]u8, max: u32) i32;
    pub extern "env" fn realm_host_grammar(model: u32, kind: u32, ptr: [*]const u8, len: u32) i32;
    pub extern "env" fn realm_host_seq_open(model: u32, options: ?*const Options) i32;
    pub extern "env" fn realm_host_seq_feed(seq: i32, ptr: *const anyopaque, len: u32, flags: u32) i32;
    pub extern "env" fn realm_host_seq_start(seq: i32, max_tokens: u32) i32;
    pub extern "env" fn realm_host_seq_wait(seqs: [*]const i32, n: u32, timeout_ms: u32) i32;
    pub extern "env" fn realm_host_seq_take(seq: i32, dst: *anyopaque, max: u32) i32;
    pub extern "env" fn realm_host_seq_info(seq: i32, dst: *SequenceInfo, size: u32) i32;
    pub extern "env" fn realm_host_seq_top(seq: i32, k: u32, dst: [*]Alternative) i32;
    pub extern "env" fn realm_host_seq_score(seq: i32, ids: [*]const u32, n: u32, dst: [*]f32) i32;
    pub extern "env" fn realm_host_seq_fork(seq: i32) i32;
    pub extern "env" fn realm_host_seq_rollback(seq: i32, n: u32) i32;
    pub extern "env" fn realm_host_seq_close(seq: i32) i32;
    pub extern "env" fn realm_host_seq_grammar(seq: i32, grammar: i32) i32;
    pub extern "env" fn realm_host_seq_allowed(seq: i32, dst: [*]u32, words: u32) i32;
    pub extern "env" fn realm_host_seq_mask(seq: i32, bits: ?[*]const u32, words: u32, flags: u32) i32;
    pub extern "env" fn realm_host_seq_bias(seq: i32, pairs: ?[*]const Bias, n: u32) i32;
};

pub const result_too_large = -6;
pub const stale = -21;
pub const not_yet = -24;

/// The host keeps why: when `generate` fails the client gets that cause. `lastError` has its text.
pub const Failed = error{ Host, OutOfMemory };

pub const Text = extern struct { ptr: u32 = 0, len: u32 = 0 };

/// The options of a generation: the request's own come with every call.
pub const Options = extern struct {
    max_tokens: u32,
    temperature: f32,
    top_p: f32,
    top_k: u32,
    repetition_penalty: f32,
    seed32: u32,
    stop_token_count8: u8,
    version: u8,
    flags: u16,
    stop_tokens: u32,
    present: u32,
    reserved0: u32,
    seed: u64,
    min_p: f32,
    typical_p: f32,
    frequency_penalty: f32,
    presence_penalty: f32,
    repeat_window: i32,
    log_probs: u32,
    stop_strings: u32,
    stop_string_count: u32,
    grammar: Text,
    json_schema: Text,
    logit_bias: u32,
    logit_bias_count: u32,
    stop_token_count: u32,
    reserved1: u32,

    pub const stream: u16 = 1;
    pub const parse_special: u16 = 2;
};

/// Bits of `Options.present`: a field counts only with its bit.
pub const Has = struct {
    pub const max_tokens: u32 = 1 << 0;
    pub const temperature: u32 = 1 << 1;
    pub const top_p: u32 = 1 << 2;
    pub const top_k: u32 = 1 << 3;
    pub const repetition_penalty: u32 = 1 << 4;
    pub const seed: u32 = 1 << 5;
    pub const stop_tokens: u32 = 1 << 6;
    pub const min_p: u32 = 1 << 7;
    pub const typical_p: u32 = 1 << 8;
    pub const frequency_penalty: u32 = 1 << 9;
    pub const presence_penalty: u32 = 1 << 10;
    pub const repeat_window: u32 = 1 << 11;
    pub const stop_strings: u32 = 1 << 12;
    pub const grammar: u32 = 1 << 13;
    pub const json_schema: u32 = 1 << 14;
    pub const logit_bias: u32 = 1 << 15;
    pub const log_probs: u32 = 1 << 16;
};

comptime {
    if (@sizeOf(Options) != 112 or @offsetOf(Options, "flags") != 26 or @offsetOf(Options, "seed") != 40 or
        @offsetOf(Options, "stop_strings") != 72 or @offsetOf(Options, "logit_bias") != 96)
        @compileError("the layout that docs/guest-abi.md fixes");
}

pub const allocator = std.heap.wasm_allocator;

fn count(n: i32) Failed!u32 {
    return if (n < 0) error.Host else @intCast(n);
}

/// Generates; the whole text, however long.
pub fn generate(model: u32, prompt: []const u8, options: ?*const Options) Failed![]u8 {
    var out = try allocator.alloc(u8, 4096);
    const n = host.realm_host_generate(model, prompt.ptr, prompt.len, options, out.ptr, out.len);
    var len: u32 = if (n == result_too_large) out.len else try count(n);
    while (n == result_too_large and len == out.len) {
        out = try allocator.alloc(u8, out.len * 4);
        len = try count(host.realm_host_result(0, out.ptr, out.len));
    }
    return out[0 .. len - 1]; // without its NUL
}

/// What the request has used, and what is left of it. The first three are tokens of the last generation: prompt, cached, generated.
pub const Usage = extern struct {
    last: [3]u32,
    all: [3]u32,
    cpu_micros: u64,
    millis_left: u32,
    tokens_left: u32,
};

pub fn usage() Usage {
    var u: Usage = undefined;
    _ = host.realm_host_usage(&u, @sizeOf(Usage));
    return u;
}

/// Messages as the model's template renders them; open: an answer of the assistant is to follow.
pub fn render(model_id: u32, json: []const u8, open: bool) Failed![]u8 {
    const flags: u32 = @intFromBool(open);
    const text = try allocator.alloc(u8, try count(host.realm_host_render(model_id, json.ptr, json.len, flags, null, 0)));
    _ = host.realm_host_render(model_id, json.ptr, json.len, flags, text.ptr, text.len);
    return text;
}

/// What a model is, as JSON.
pub fn describe(model_id: u32) Failed![]u8 {
    const text = try allocator.alloc(u8, try count(host.realm_host_model(model_id, null, 0)));
    _ = host.realm_host_model(model_id, text.ptr, text.len);
    return text;
}

pub const Finish = enum(u32) { stop, length, content_filter, tool_calls };

/// How the answer ends.
pub fn finish(reason: Finish) void {
    _ = host.realm_host_finish(@intFromEnum(reason));
}

/// A call of a tool for the client to do; the arguments are JSON.
pub fn toolCall(id: []const u8, name: []const u8, args: []const u8) Failed!void {
    _ = try count(host.realm_host_tool_call(id.ptr, id.len, name.ptr, name.len, args.ptr, args.len));
}

/// Tells the client, if it asked for events.
pub fn event(name: []const u8, json: []const u8) Failed!void {
    _ = try count(host.realm_host_event(name.ptr, name.len, json.ptr, json.len));
}

/// Ends the request with an error of the guest's own: 400, 403, 409, 422 or 429. Returns only when that cannot be.
pub fn refuse(status: u32, code: []const u8, text: []const u8) Failed {
    _ = host.realm_host_refuse(status, code.ptr, code.len, text.ptr, text.len);
    return error.Host;
}

/// A token of the last generation, when it was asked for log-probabilities.
pub const Token = extern struct {
    id: u32,
    log_prob: f32,
    /// Bytes of the result up to the end of the piece that shows it.
    end: u32,
    count: u32,
};

/// The tokens from number `first` on, which were generated with `log_probs` 0.
pub fn tokens(first: u32) Failed![]Token {
    const all = try count(host.realm_host_pieces(first, null, 0));
    const records = try allocator.alloc(Token, all - first);
    _ = try count(host.realm_host_pieces(first, records.ptr, records.len * @sizeOf(Token)));
    return records;
}

/// A token that might have come, or might come next.
pub const Alternative = extern struct { id: u32, log_prob: f32 };

pub const Bias = extern struct { id: u32, bias: f32 };

/// The tokens of the last generation with their alternatives, `stride` bytes apart.
pub const Pieces = struct {
    bytes: []align(4) u8,
    stride: u32,

    pub fn len(self: Pieces) u32 {
        return self.bytes.len / self.stride;
    }

    pub fn token(self: Pieces, i: u32) *const Token {
        return @ptrCast(@alignCast(&self.bytes[i * self.stride]));
    }

    pub fn alternatives(self: Pieces, i: u32) []const Alternative {
        const first: [*]const Alternative = @ptrCast(@alignCast(self.bytes.ptr + i * self.stride + @sizeOf(Token)));
        return first[0..self.token(i).count];
    }
};

/// The tokens from number `first` on, which were generated with `log_probs`, with their alternatives.
pub fn pieces(first: u32) Failed!Pieces {
    const with: u32 = 1 << 31;
    const all = try count(host.realm_host_pieces(first, null, 0));
    if (all == first) return .{ .bytes = &.{}, .stride = @sizeOf(Token) };
    const one = try allocator.alignedAlloc(u8, std.mem.Alignment.@"4", @sizeOf(Token) + 256 * @sizeOf(Alternative));
    @memset(one[0..@sizeOf(Token)], 0);
    _ = host.realm_host_pieces(first | with, one.ptr, one.len);
    const head: *const Token = @ptrCast(one.ptr);
    const stride: u32 = @sizeOf(Token) + head.count * @sizeOf(Alternative);
    const bytes = try allocator.alignedAlloc(u8, std.mem.Alignment.@"4", (all - first) * stride);
    _ = try count(host.realm_host_pieces(first | with, bytes.ptr, bytes.len));
    return .{ .bytes = bytes, .stride = stride };
}

/// A token of a sequence, as `take` and `on_step` give it; the bytes may be part of a character.
pub const Step = extern struct {
    id: u32,
    /// 0 unless the options asked for log_probs.
    log_prob: f32,
    ptr: [*]const u8,
    len: u32,

    pub fn text(self: Step) []const u8 {
        return self.ptr[0..self.len];
    }
};

pub const State = enum(u32) { resting, generating, ended, full };

pub const SequenceInfo = extern struct { state: State = .resting, length: u32 = 0, untaken: u32 = 0, room: u32 = 0 };

pub const GrammarKind = enum(u32) { gbnf, json_schema, regex, choices };

/// A compiled grammar of this request, for Sequence.hold.
pub fn grammar(model_id: u32, kind: GrammarKind, text: []const u8) Failed!i32 {
    return @intCast(try count(host.realm_host_grammar(model_id, @intFromEnum(kind), text.ptr, text.len)));
}

/// Tokens that the guest steers itself; freed by close, or when the guest ends.
pub const Sequence = struct {
    handle: i32,

    pub fn open(model_id: u32, options: ?*const Options) Failed!Sequence {
        return .{ .handle = @intCast(try count(host.realm_host_seq_open(model_id, options))) };
    }

    /// Adds text; special: spellings of special tokens become those.
    pub fn feed(self: Sequence, text: []const u8, special: bool) Failed!u32 {
        return count(host.realm_host_seq_feed(self.handle, text.ptr, text.len, if (special) 2 else 0));
    }

    pub fn feedIds(self: Sequence, ids: []const u32) Failed!u32 {
        return count(host.realm_host_seq_feed(self.handle, ids.ptr, ids.len, 1));
    }

    /// Lets the model go on by itself.
    pub fn start(self: Sequence, max_tokens: u32) Failed!void {
        _ = try count(host.realm_host_seq_start(self.handle, max_tokens));
    }

    pub fn info(self: Sequence) Failed!SequenceInfo {
        var at: SequenceInfo = .{};
        _ = try count(host.realm_host_seq_info(self.handle, &at, @sizeOf(SequenceInfo)));
        return at;
    }

    /// Tokens that came; does not wait.
    pub fn take(self: Sequence) Failed![]const Step {
        const room = try allocator.alloc(Step, 1024);
        return room[0..try count(host.realm_host_seq_take(self.handle, room.ptr, room.len * @sizeOf(Step)))];
    }

    /// Generates until it stops; the text that came.
    pub fn generate(self: Sequence, max_tokens: u32) Failed![]u8 {
        try self.start(max_tokens);
        var text: []u8 = &.{};
        while (true) {
            const at = try self.info();
            if (at.untaken == 0 and at.state != .generating) return text;
            if (at.untaken == 0) _ = try wait(&.{self}, 1000);
            for (try self.take()) |step| text = try std.mem.concat(allocator, u8, &.{ text, step.text() });
        }
    }

    /// The likeliest next tokens, as many as fit.
    pub fn top(self: Sequence, into: []Alternative) Failed![]Alternative {
        return into[0..try count(host.realm_host_seq_top(self.handle, into.len, into.ptr))];
    }

    /// The log-probability of each of these if they came next.
    pub fn score(self: Sequence, ids: []const u32, into: []f32) Failed!void {
        _ = try count(host.realm_host_seq_score(self.handle, ids.ptr, @min(ids.len, into.len), into.ptr));
    }

    pub fn fork(self: Sequence) Failed!Sequence {
        return .{ .handle = @intCast(try count(host.realm_host_seq_fork(self.handle))) };
    }

    /// The last so many tokens never were.
    pub fn rollback(self: Sequence, n: u32) Failed!void {
        _ = try count(host.realm_host_seq_rollback(self.handle, n));
    }

    pub fn close(self: Sequence) void {
        _ = host.realm_host_seq_close(self.handle);
    }

    /// Holds what comes from here on to a grammar; 0 takes it away.
    pub fn hold(self: Sequence, to: i32) Failed!void {
        _ = try count(host.realm_host_seq_grammar(self.handle, to));
    }

    /// A bit for each token that may come next: a word for 32 tokens of the vocabulary.
    pub fn allowed(self: Sequence, bits: []u32) Failed!void {
        _ = try count(host.realm_host_seq_allowed(self.handle, bits.ptr, bits.len));
    }

    /// Only these may come, next or until it is changed; none takes the mask away.
    pub fn mask(self: Sequence, bits: []const u32, keep: bool) Failed!void {
        _ = try count(host.realm_host_seq_mask(self.handle, bits.ptr, bits.len, @intFromBool(keep)));
    }

    pub fn bias(self: Sequence, pairs: []const Bias) Failed!void {
        _ = try count(host.realm_host_seq_bias(self.handle, if (pairs.len == 0) null else pairs.ptr, pairs.len));
    }
};

/// The index of the first that has something to take or does not generate; null when the time is over.
pub fn wait(sequences: []const Sequence, milliseconds: u32) Failed!?u32 {
    const n = host.realm_host_seq_wait(@ptrCast(sequences.ptr), sequences.len, milliseconds);
    if (n == not_yet) return null;
    return try count(n);
}

/// What on_step returns.
pub const Verdict = enum(i32) { pass, swallow, stop, rolled_back };

/// Exports on_step: `comptime { realm.onStep(step); }`. There are no tokens before the first, and where the model would end.
pub fn onStep(comptime step: fn (seq: Sequence, steps: []const Step, ends: bool) Verdict) void {
    const Export = struct {
        fn call(seq: i32, records: [*]const Step, n: i32) callconv(.c) i32 {
            return @intFromEnum(step(.{ .handle = seq }, records[0..@intCast(@max(n, 0))], n < 0));
        }
    };
    @export(&Export.call, .{ .name = "on_step" });
}

/// Sends text to the client now.
pub fn emit(text: []const u8) Failed!void {
    _ = try count(host.realm_host_emit(text.ptr, text.len));
}

/// How many tokens a text is.
pub fn countTokens(model: u32, text: []const u8) Failed!u32 {
    return count(host.realm_host_tokenize(model, text.ptr, text.len, null, 0));
}

pub const Level = enum(u32) { err, warn, info, debug };

pub fn log(level: Level, text: []const u8) void {
    host.realm_host_log(@intFromEnum(level), text.ptr, text.len);
}

/// Why the last host function failed.
pub fn lastError() Failed![]u8 {
    const text = try allocator.alloc(u8, try count(host.realm_host_last_error(null, 0)));
    _ = host.realm_host_last_error(text.ptr, text.len);
    return text;
}

/// The request as JSON.
pub fn request() Failed![]u8 {
    const text = try allocator.alloc(u8, try count(host.realm_host_request(null, 0)));
    _ = host.realm_host_request(text.ptr, text.len);
    return text;
}

/// A setting that the operator gave this guest, or null.
pub fn setting(key: []const u8) Failed!?[]u8 {
    const n = host.realm_host_config(key.ptr, key.len, null, 0);
    if (n < 0) return null;
    const value = try allocator.alloc(u8, @intCast(n));
    _ = host.realm_host_config(key.ptr, key.len, value.ptr, value.len);
    return value;
}

/// The tenant's own store, which outlives requests.
pub const kv = struct {
    pub fn get(key: []const u8) Failed!?[]u8 {
        const n = host.realm_host_kv_get(key.ptr, key.len, null, 0);
        if (n < 0) return null;
        const value = try allocator.alloc(u8, @intCast(n));
        return value[0..@min(value.len, try count(host.realm_host_kv_get(key.ptr, key.len, value.ptr, value.len)))];
    }

    pub fn set(key: []const u8, value: []const u8) Failed!void {
        _ = try count(host.realm_host_kv_set(key.ptr, key.len, value.ptr, value.len));
    }

    pub fn remove(key: []const u8) void {
        _ = host.realm_host_kv_delete(key.ptr, key.len);
    }

    /// Adds to a counter, which is 0 at first, whoever else adds to it at the same time; the sum.
    pub fn add(key: []const u8, delta: i64) Failed!i64 {
        var sum: i64 = 0;
        _ = try count(host.realm_host_kv_add(key.ptr, key.len, delta, &sum));
        return sum;
    }

    /// Puts a value in the place of another if that is there; null is no value. False when it is another.
    pub fn swap(key: []const u8, old: ?[]const u8, value: ?[]const u8) Failed!bool {
        const none: u32 = 0xffffffff;
        const n = host.realm_host_kv_swap(key.ptr, key.len, if (old) |o| o.ptr else null, if (old) |o| o.len else none, if (value) |v| v.ptr else null, if (value) |v| v.len else none);
        if (n == stale) return false;
        _ = try count(n);
        return true;
    }

    /// As set, but for so many seconds, 0 for ever; other servers see it at once.
    pub fn put(key: []const u8, value: []const u8, seconds: u32) Failed!void {
        _ = try count(host.realm_host_kv_put(key.ptr, key.len, value.ptr, value.len, seconds));
    }

    /// The next keys that begin with prefix and come after that one, in the order of their bytes; none at the end.
    pub fn list(prefix: []const u8, after: []const u8) Failed!Records {
        const room = try allocator.alloc(u8, 16384);
        return .{ .rest = room[0..try count(host.realm_host_kv_list(prefix.ptr, prefix.len, after.ptr, after.len, room.ptr, room.len))] };
    }

    /// The keys with this prefix whose vectors are nearest, nearest first, 100 at most. A vector is set as std.mem.sliceAsBytes(v).
    pub fn search(prefix: []const u8, vector: []const f32, most: u32) Failed!Records {
        const room = try allocator.alloc(u8, 100 * 1032);
        const n = host.realm_host_vec_search(prefix.ptr, prefix.len, vector.ptr, vector.len, @min(most, 100), room.ptr, room.len);
        return .{ .rest = room[0..try count(n)] };
    }
};

/// Keys, one after the other, of a list with the length of the value, of a search with the cosine.
pub const Records = struct {
    rest: []const u8,

    pub const Record = struct {
        key: []const u8,
        bits: u32,

        pub fn cosine(self: Record) f32 {
            return @bitCast(self.bits);
        }
    };

    pub fn next(self: *Records) ?Record {
        if (self.rest.len < 8) return null;
        const len = std.mem.readInt(u32, self.rest[0..4], .little);
        const record: Record = .{ .key = self.rest[8 .. 8 + len], .bits = std.mem.readInt(u32, self.rest[4..8], .little) };
        self.rest = self.rest[8 + len ..];
        return record;
    }
};

/// The vector of a text by an encoder, which has length 1.
pub fn embed(model: u32, text: []const u8) Failed![]f32 {
    const vector = try allocator.alloc(f32, 4096);
    return vector[0..@min(vector.len, try count(host.realm_host_embed(model, text.ptr, text.len, vector.ptr, vector.len)))];
}

/// Another machine's answer; its headers are a JSON object.
pub const Response = struct { status: u32, headers: []const u8, body: []const u8 };

/// Sends a request, which is JSON with url, and method and headers if wanted.
pub fn http(req: []const u8, body: []const u8) Failed!Response {
    var out = try allocator.alloc(u8, 65536);
    const n = host.realm_host_http(req.ptr, req.len, body.ptr, body.len, out.ptr, out.len);
    var len: u32 = if (n == result_too_large) out.len else try count(n);
    while (n == result_too_large and len == out.len) {
        out = try allocator.alloc(u8, out.len * 4);
        len = try count(host.realm_host_result(0, out.ptr, out.len));
    }
    const head = 8 + std.mem.readInt(u32, out[4..8], .little);
    return .{ .status = std.mem.readInt(u32, out[0..4], .little), .headers = out[8..head], .body = out[head..len] };
}

/// Exports a guest.
pub fn guest(comptime run: fn ([]const u8, u32, *Options) Failed![]const u8) void {
    const exported = struct {
        fn alloc(len: u32) callconv(.c) ?[*]align(8) u8 {
            const block = allocator.alignedAlloc(u8, .@"8", @max(len, 1)) catch return null;
            return block.ptr;
        }

        fn version() callconv(.c) i32 {
            return 1;
        }

        fn answer(prompt: [*]const u8, len: u32, model: u32, options: *Options) callconv(.c) ?[*:0]const u8 {
            const text = run(prompt[0..len], model, options) catch return null;
            const ended = allocator.dupeZ(u8, text) catch return null;
            return ended.ptr;
        }
    };
    @export(&exported.alloc, .{ .name = "realm_alloc" });
    @export(&exported.version, .{ .name = "realm_abi_version" });
    @export(&exported.answer, .{ .name = "generate" });
}

/// Exports what the tenant's timetable calls, beside guest().
pub fn schedule(comptime run: fn ([]const u8) Failed!void) void {
    const exported = struct {
        fn due(name: [*]const u8, len: u32) callconv(.c) i32 {
            run(name[0..len]) catch return -1;
            return 0;
        }
    };
    @export(&exported.due, .{ .name = "on_schedule" });
}
