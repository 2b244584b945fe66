// Realm guest ABI, version 1, for AssemblyScript. docs/guest-abi.md is the reference.
//
// A guest re-exports what the host needs and defines generate:
//
//   export { realm_alloc, realm_abi_version } from "realm-guest";
//   export function generate(prompt: usize, len: i32, model: i32, options: usize): usize { … }
//
// asc guest.ts -o guest.wasm --runtime stub -Oz --noAssert --use abort= --exportStart _initialize --maximumMemory 64

// @ts-ignore: decorator
@external("env", "realm_host_generate")
declare function host_generate(model: i32, prompt: usize, promptLen: i32, options: usize, out: usize, outMax: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_result")
declare function host_result(offset: i32, dst: usize, len: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_emit")
declare function host_emit(ptr: usize, len: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_tokenize")
declare function host_tokenize(model: i32, ptr: usize, len: i32, dst: usize, dstMax: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_last_error")
declare function host_last_error(dst: usize, dstMax: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_log")
declare function host_log(level: i32, ptr: usize, len: i32): void;
// @ts-ignore: decorator
@external("env", "realm_host_kv_get")
declare function host_kv_get(key: usize, keyLen: i32, dst: usize, dstMax: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_kv_set")
declare function host_kv_set(key: usize, keyLen: i32, val: usize, valLen: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_kv_delete")
declare function host_kv_delete(key: usize, keyLen: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_kv_add")
declare function host_kv_add(key: usize, keyLen: i32, delta: i64, sum: usize): i32;
// @ts-ignore: decorator
@external("env", "realm_host_kv_swap")
declare function host_kv_swap(key: usize, keyLen: i32, old: usize, oldLen: i32, val: usize, valLen: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_kv_put")
declare function host_kv_put(key: usize, keyLen: i32, val: usize, valLen: i32, seconds: u32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_kv_list")
declare function host_kv_list(prefix: usize, prefixLen: i32, after: usize, afterLen: i32, dst: usize, dstMax: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_vec_search")
declare function host_vec_search(prefix: usize, prefixLen: i32, vector: usize, dimensions: i32, count: i32, dst: usize, dstMax: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_embed")
declare function host_embed(model: i32, ptr: usize, len: i32, dst: usize, dstMax: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_http")
declare function host_http(request: usize, requestLen: i32, body: usize, bodyLen: i32, dst: usize, dstMax: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_config")
declare function host_config(key: usize, keyLen: i32, dst: usize, dstMax: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_request")
declare function host_request(dst: usize, dstMax: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_pieces")
declare function host_pieces(first: i32, dst: usize, dstMax: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_render")
declare function host_render(model: i32, json: usize, len: i32, flags: i32, dst: usize, dstMax: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_model")
declare function host_model(model: i32, dst: usize, dstMax: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_finish")
declare function host_finish(reason: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_tool_call")
declare function host_tool_call(id: usize, idLen: i32, name: usize, nameLen: i32, args: usize, argsLen: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_event")
declare function host_event(name: usize, nameLen: i32, json: usize, jsonLen: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_refuse")
declare function host_refuse(status: i32, code: usize, codeLen: i32, text: usize, textLen: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_usage")
declare function host_usage(dst: usize, size: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_vocab")
declare function host_vocab(model: i32, first: i32, dst: usize, dstMax: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_grammar")
declare function host_grammar(model: i32, kind: i32, ptr: usize, len: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_seq_open")
declare function host_seq_open(model: i32, options: usize): i32;
// @ts-ignore: decorator
@external("env", "realm_host_seq_feed")
declare function host_seq_feed(seq: i32, ptr: usize, len: i32, flags: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_seq_start")
declare function host_seq_start(seq: i32, maxTokens: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_seq_wait")
declare function host_seq_wait(seqs: usize, count: i32, milliseconds: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_seq_take")
declare function host_seq_take(seq: i32, dst: usize, dstMax: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_seq_info")
declare function host_seq_info(seq: i32, dst: usize, size: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_seq_top")
declare function host_seq_top(seq: i32, k: i32, dst: usize): i32;
// @ts-ignore: decorator
@external("env", "realm_host_seq_score")
declare function host_seq_score(seq: i32, ids: usize, count: i32, dst: usize): i32;
// @ts-ignore: decorator
@external("env", "realm_host_seq_fork")
declare function host_seq_fork(seq: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_seq_rollback")
declare function host_seq_rollback(seq: i32, tokens: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_seq_close")
declare function host_seq_close(seq: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_seq_grammar")
declare function host_seq_grammar(seq: i32, grammar: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_seq_allowed")
declare function host_seq_allowed(seq: i32, dst: usize, words: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_seq_mask")
declare function host_seq_mask(seq: i32, bits: usize, words: i32, flags: i32): i32;
// @ts-ignore: decorator
@external("env", "realm_host_seq_bias")
declare function host_seq_bias(seq: i32, pairs: usize, count: i32): i32;

/** Memory for the host: 8-byte aligned, never freed, because an instance serves one request. */
export function realm_alloc(len: i32): usize {
  return heap.alloc(len);
}

export function realm_abi_version(): i32 {
  return 1;
}

export const STREAM: u16 = 1;
export const PARSE_SPECIAL: u16 = 2;

export namespace level {
  export const ERROR: i32 = 0;
  export const WARN: i32 = 1;
  export const INFO: i32 = 2;
  export const DEBUG: i32 = 3;
}

/** Text that the host left in memory. */
export function text(ptr: usize, len: i32): string {
  return String.UTF8.decodeUnsafe(ptr, len);
}

/** Text for the host: the address of its UTF-8, ended by a NUL. */
export function answer(value: string): usize {
  return changetype<usize>(String.UTF8.encode(value, true));
}

/** The whole generated text, or null when it failed: see lastError. */
export function generate(model: i32, prompt: string, options: usize): string | null {
  const bytes = String.UTF8.encode(prompt);
  let size = 4096;
  let out = heap.alloc(size);
  let n = host_generate(model, changetype<usize>(bytes), bytes.byteLength, options, out, size);
  if (n == -6) {
    // The result is kept; take it in larger and larger bites.
    let have = 0;
    do {
      size *= 4;
      out = heap.alloc(size);
      have = host_result(0, out, size);
    } while (have == size);
    n = have;
  }
  return n < 1 ? null : text(out, n - 1);
}

/** Messages as the model's template renders them, or null: see lastError. open: an answer of the assistant is to follow. */
export function render(model: i32, json: string, open: bool): string | null {
  const bytes = String.UTF8.encode(json);
  const n = host_render(model, changetype<usize>(bytes), bytes.byteLength, i32(open), 0, 0);
  if (n < 0) return null;
  const dst = heap.alloc(n + 1);
  host_render(model, changetype<usize>(bytes), bytes.byteLength, i32(open), dst, n);
  return text(dst, n);
}

/** What a model is, as JSON, or null. */
export function describe(model: i32): string | null {
  const n = host_model(model, 0, 0);
  if (n < 0) return null;
  const dst = heap.alloc(n + 1);
  host_model(model, dst, n);
  return text(dst, n);
}

export const enum Finish { STOP, LENGTH, CONTENT_FILTER, TOOL_CALLS }

/** How the answer ends. */
export function finish(reason: Finish): void {
  host_finish(reason);
}

/** A call of a tool for the client to do; the arguments are JSON. 0 or an error. */
export function toolCall(id: string, name: string, args: string): i32 {
  const a = String.UTF8.encode(id);
  const b = String.UTF8.encode(name);
  const c = String.UTF8.encode(args);
  return host_tool_call(changetype<usize>(a), a.byteLength, changetype<usize>(b), b.byteLength, changetype<usize>(c), c.byteLength);
}

/** Tells the client, if it asked for events; 0 or an error. */
export function event(name: string, json: string): i32 {
  const a = String.UTF8.encode(name);
  const b = String.UTF8.encode(json);
  return host_event(changetype<usize>(a), a.byteLength, changetype<usize>(b), b.byteLength);
}

/** Ends the request with an error of the guest's own: 400, 403, 409, 422 or 429. Returns only when that cannot be. */
export function refuse(status: i32, code: string, why: string): i32 {
  const a = String.UTF8.encode(code);
  const b = String.UTF8.encode(why);
  return host_refuse(status, changetype<usize>(a), a.byteLength, changetype<usize>(b), b.byteLength);
}

/** What the request has used, and what is left of it. */
@unmanaged
export class Usage {
  prompt: u32;
  cached: u32;
  generated: u32;
  allPrompt: u32;
  allCached: u32;
  allGenerated: u32;
  cpuMicros: u64;
  millisLeft: u32;
  tokensLeft: u32;
}

export function usage(): Usage {
  const at = heap.alloc(40);
  host_usage(at, 40);
  return changetype<Usage>(at);
}

/** A token of the last generation, when it was asked for log-probabilities; end is in bytes of the result. */
export class Token {
  constructor(public id: i32, public logProb: f32, public end: i32) {}
}

/** The tokens from number first on, which were generated with log_probs 0. */
export function tokens(first: i32): Token[] {
  const all = host_pieces(first, 0, 0);
  const found: Token[] = [];
  if (all > first) {
    const at = heap.alloc((all - first) * 16);
    host_pieces(first, at, (all - first) * 16);
    for (let i: usize = 0; i < <usize>(all - first); i++) {
      const p = at + i * 16;
      found.push(new Token(load<i32>(p), load<f32>(p + 4), load<i32>(p + 8)));
    }
  }
  return found;
}

/** Sends text to the client now; 0 or an error. */
export function emit(value: string): i32 {
  const bytes = String.UTF8.encode(value);
  return host_emit(changetype<usize>(bytes), bytes.byteLength);
}

/** How many tokens a text is, or an error. */
export function countTokens(model: i32, value: string): i32 {
  const bytes = String.UTF8.encode(value);
  return host_tokenize(model, changetype<usize>(bytes), bytes.byteLength, 0, 0);
}

export function log(at: i32, message: string): void {
  const bytes = String.UTF8.encode(message);
  host_log(at, changetype<usize>(bytes), bytes.byteLength);
}

export function lastError(): string {
  const n = host_last_error(0, 0);
  const dst = heap.alloc(n + 1);
  host_last_error(dst, n);
  return text(dst, n);
}

/** The request as JSON. */
export function request(): string {
  const n = host_request(0, 0);
  const dst = heap.alloc(n + 1);
  host_request(dst, n);
  return text(dst, n);
}

/** A setting that the operator gave this guest, or null. */
export function setting(key: string): string | null {
  const k = String.UTF8.encode(key);
  const n = host_config(changetype<usize>(k), k.byteLength, 0, 0);
  if (n < 0) return null;
  const dst = heap.alloc(n + 1);
  host_config(changetype<usize>(k), k.byteLength, dst, n);
  return text(dst, n);
}

/** A key of a list, with the length of its value, or of a search, with its cosine. */
export class Record {
  constructor(public key: string, public bits: u32) {}

  get cosine(): f32 {
    return reinterpret<f32>(this.bits);
  }
}

function records(at: usize, n: i32): Record[] {
  const all: Record[] = [];
  const end = at + n;
  while (at < end) {
    const len = load<i32>(at);
    all.push(new Record(text(at + 8, len), load<u32>(at + 4)));
    at += 8 + len;
  }
  return all;
}

/** The vector of a text by an encoder, which has length 1; null when there is none: see lastError. */
export function embed(model: i32, value: string): StaticArray<f32> | null {
  const bytes = String.UTF8.encode(value);
  const n = host_embed(model, changetype<usize>(bytes), bytes.byteLength, 0, 0);
  if (n < 0) return null;
  const vector = new StaticArray<f32>(n);
  host_embed(model, changetype<usize>(bytes), bytes.byteLength, changetype<usize>(vector), n);
  return vector;
}

/** Another machine's answer; its headers are a JSON object. */
export class Response {
  constructor(public status: i32, public headers: string, public body: string) {}
}

/** Sends a request, which is JSON with url, and method and headers if wanted; null when there is no answer: see lastError. */
export function http(req: string, body: string): Response | null {
  const r = String.UTF8.encode(req);
  const b = String.UTF8.encode(body);
  let size = 65536;
  let out = heap.alloc(size);
  let n = host_http(changetype<usize>(r), r.byteLength, changetype<usize>(b), b.byteLength, out, size);
  if (n == -6) {
    do {
      size *= 4;
      out = heap.alloc(size);
      n = host_result(0, out, size);
    } while (n == size);
  }
  if (n < 8) return null;
  const head = load<i32>(out + 4);
  return new Response(load<i32>(out), text(out + 8, head), text(out + 8 + head, n - 8 - head));
}

const sumAt: usize = memory.data(8, 8);

/** The tenant's own store, which outlives requests. */
export namespace kv {
  export function get(key: string): string | null {
    const k = String.UTF8.encode(key);
    const n = host_kv_get(changetype<usize>(k), k.byteLength, 0, 0);
    if (n < 0) return null;
    const dst = heap.alloc(n + 1);
    host_kv_get(changetype<usize>(k), k.byteLength, dst, n);
    return text(dst, n);
  }

  export function set(key: string, value: string): i32 {
    const k = String.UTF8.encode(key);
    const v = String.UTF8.encode(value);
    return host_kv_set(changetype<usize>(k), k.byteLength, changetype<usize>(v), v.byteLength);
  }

  export function remove(key: string): i32 {
    const k = String.UTF8.encode(key);
    return host_kv_delete(changetype<usize>(k), k.byteLength);
  }

  /** As set, but for so many seconds, 0 for ever; other servers see it at once. */
  export function put(key: string, value: string, seconds: u32): i32 {
    const k = String.UTF8.encode(key);
    const v = String.UTF8.encode(value);
    return host_kv_put(changetype<usize>(k), k.byteLength, changetype<usize>(v), v.byteLength, seconds);
  }

  /** The next keys that begin with prefix and come after that one, in the order of their bytes; none at the end. */
  export function list(prefix: string, after: string): Record[] {
    const p = String.UTF8.encode(prefix);
    const a = String.UTF8.encode(after);
    const dst = heap.alloc(16384);
    return records(dst, host_kv_list(changetype<usize>(p), p.byteLength, changetype<usize>(a), a.byteLength, dst, 16384));
  }

  /** Stores a vector, to be searched for. */
  export function setVector(key: string, vector: StaticArray<f32>): i32 {
    const k = String.UTF8.encode(key);
    return host_kv_set(changetype<usize>(k), k.byteLength, changetype<usize>(vector), vector.length * 4);
  }

  /** The keys with this prefix whose vectors are nearest, nearest first, 100 at most. */
  export function search(prefix: string, vector: StaticArray<f32>, count: i32): Record[] {
    const p = String.UTF8.encode(prefix);
    const dst = heap.alloc(100 * 1032);
    const n = host_vec_search(changetype<usize>(p), p.byteLength, changetype<usize>(vector), vector.length, min(count, 100), dst, 100 * 1032);
    return records(dst, n);
  }

  /** Adds to a counter, which is 0 at first, whoever else adds to it at the same time; `sum` has the sum when the result is 0. */
  export function add(key: string, delta: i64): i32 {
    const k = String.UTF8.encode(key);
    return host_kv_add(changetype<usize>(k), k.byteLength, delta, sumAt);
  }

  /** What the last `add` made. */
  export function sum(): i64 {
    return load<i64>(sumAt);
  }

  /** Puts a value in the place of another if that is there, else -21; null is no value. */
  export function swap(key: string, old: string | null, value: string | null): i32 {
    const k = String.UTF8.encode(key);
    const o = old === null ? null : String.UTF8.encode(old);
    const v = value === null ? null : String.UTF8.encode(value);
    return host_kv_swap(
      changetype<usize>(k), k.byteLength,
      o === null ? 0 : changetype<usize>(o), o === null ? -1 : o.byteLength,
      v === null ? 0 : changetype<usize>(v), v === null ? -1 : v.byteLength,
    );
  }
}

/** The options of a generation at the address that generate was given; docs/guest-abi.md has the layout. */
export namespace options {
  export function flags(at: usize): u16 {
    return load<u16>(at, 26);
  }
  export function setFlags(at: usize, value: u16): void {
    store<u16>(at, value, 26);
  }
  export function setMaxTokens(at: usize, value: u32): void {
    store<u32>(at, value, 0);
    store<u32>(at, load<u32>(at, 32) | 1, 32);
  }
  export function setTemperature(at: usize, value: f32): void {
    store<f32>(at, value, 4);
    store<u32>(at, load<u32>(at, 32) | 2, 32);
  }
  export function setTopP(at: usize, value: f32): void {
    store<f32>(at, value, 8);
    store<u32>(at, load<u32>(at, 32) | 4, 32);
  }
  export function setSeed(at: usize, value: u64): void {
    store<u64>(at, value, 40);
    store<u32>(at, load<u32>(at, 32) | 32, 32);
  }
}

/** A token of the last generation, and those that might have come in its place, the likeliest first. */
export class Piece {
  constructor(public token: Token, public top: Alternative[]) {}
}

/** A token that might come, or might have. */
export class Alternative {
  constructor(public id: i32, public logProb: f32) {}
}

function alternatives(at: usize, count: i32): Alternative[] {
  const all: Alternative[] = [];
  for (let i = 0; i < count; i++) all.push(new Alternative(load<i32>(at + 8 * i), load<f32>(at + 8 * i + 4)));
  return all;
}

/** The tokens from number first on, which were generated with log_probs, with their alternatives. */
export function pieces(first: i32): Piece[] {
  const found: Piece[] = [];
  const all = host_pieces(first, 0, 0) - first;
  if (all > 0) {
    const one = heap.alloc(16 + 8 * 256);
    host_pieces(first | i32.MIN_VALUE, one, 16 + 8 * 256);
    const stride = 16 + 8 * load<i32>(one + 12);
    const at = heap.alloc(all * stride);
    host_pieces(first | i32.MIN_VALUE, at, all * stride);
    for (let i = 0; i < all; i++) {
      const p = at + i * stride;
      found.push(new Piece(new Token(load<i32>(p), load<f32>(p + 4), load<i32>(p + 8)), alternatives(p + 16, load<i32>(p + 12))));
    }
  }
  return found;
}

/** A token of a sequence; its bytes may be part of a character. */
export class Step {
  constructor(public id: i32, public logProb: f32, public ptr: usize, public len: i32) {}

  get text(): string {
    return text(this.ptr, this.len);
  }
}

/** The steps at an address, as on_step(seq: i32, records: usize, count: i32): i32 gets them. */
export function steps(at: usize, count: i32): Step[] {
  const all: Step[] = [];
  for (let i = 0; i < count; i++) {
    const p = at + 16 * i;
    all.push(new Step(load<i32>(p), load<f32>(p + 4), load<u32>(p + 8), load<i32>(p + 12)));
  }
  return all;
}

export const enum Verdict { PASS, SWALLOW, STOP, ROLLED_BACK }
export const enum State { RESTING, GENERATING, ENDED, FULL }
export const enum Kind { GBNF, JSON_SCHEMA, REGEX, CHOICES }

const infoAt: usize = memory.data(16, 8);

/** A grammar of this request, for Sequence.hold; below 0 an error. */
export function grammar(model: i32, kind: Kind, value: string): i32 {
  const bytes = String.UTF8.encode(value);
  return host_grammar(model, kind, changetype<usize>(bytes), bytes.byteLength);
}

/** Tokens that the guest steers itself. What returns a number gives an error below 0: see lastError. */
export class Sequence {
  constructor(public handle: i32) {}

  /** Its handle is below 0 when there is none. */
  static open(model: i32, options: usize): Sequence {
    return new Sequence(host_seq_open(model, options));
  }

  /** Adds text; special: spellings of special tokens become those. */
  feed(value: string, special: bool = false): i32 {
    const bytes = String.UTF8.encode(value);
    return host_seq_feed(this.handle, changetype<usize>(bytes), bytes.byteLength, special ? 2 : 0);
  }

  feedIds(ids: StaticArray<u32>): i32 {
    return host_seq_feed(this.handle, changetype<usize>(ids), ids.length, 1);
  }

  /** Lets the model go on by itself. */
  start(maxTokens: i32): i32 {
    return host_seq_start(this.handle, maxTokens);
  }

  private info(field: i32): i32 {
    const n = host_seq_info(this.handle, infoAt, 16);
    return n < 0 ? n : load<i32>(infoAt + 4 * field);
  }

  /** A State. */
  state(): i32 {
    return this.info(0);
  }

  length(): i32 {
    return this.info(1);
  }

  untaken(): i32 {
    return this.info(2);
  }

  room(): i32 {
    return this.info(3);
  }

  /** Tokens that came; does not wait. */
  take(): Step[] {
    const at = heap.alloc(16384);
    return steps(at, host_seq_take(this.handle, at, 16384));
  }

  /** Generates until it stops; the text that came, or null. */
  generate(maxTokens: i32): string | null {
    if (this.start(maxTokens) < 0) return null;
    let at = heap.alloc(4096);
    let size = 4096;
    let have = 0;
    while (true) {
      const state = this.state();
      if (state < 0) return null;
      if (this.untaken() == 0) {
        if (state != State.GENERATING) return text(at, have);
        wait([this], 1000);
      }
      const came = this.take();
      for (let i = 0; i < came.length; i++) {
        if (have + came[i].len > size) {
          size = 2 * (have + came[i].len);
          at = heap.realloc(at, size);
        }
        memory.copy(at + have, came[i].ptr, came[i].len);
        have += came[i].len;
      }
    }
  }

  /** The k likeliest next tokens. */
  top(k: i32): Alternative[] {
    const at = heap.alloc(8 * k);
    return alternatives(at, host_seq_top(this.handle, k, at));
  }

  /** The log-probability of each of these if they came next, or null. */
  score(ids: StaticArray<u32>): StaticArray<f32> | null {
    const scores = new StaticArray<f32>(ids.length);
    return host_seq_score(this.handle, changetype<usize>(ids), ids.length, changetype<usize>(scores)) < 0 ? null : scores;
  }

  /** Its handle is below 0 when there is none. */
  fork(): Sequence {
    return new Sequence(host_seq_fork(this.handle));
  }

  /** The last so many tokens never were. */
  rollback(tokens: i32): i32 {
    return host_seq_rollback(this.handle, tokens);
  }

  close(): i32 {
    return host_seq_close(this.handle);
  }

  /** Holds what comes from here on to a grammar; 0 takes it away. */
  hold(to: i32): i32 {
    return host_seq_grammar(this.handle, to);
  }

  /** Writes a bit for each token that may come next: a word for 32 tokens of the vocabulary. */
  allowed(bits: StaticArray<u32>): i32 {
    return host_seq_allowed(this.handle, changetype<usize>(bits), bits.length);
  }

  /** Only these may come, next or until it is changed; an empty array takes the mask away. */
  mask(bits: StaticArray<u32>, keep: bool = false): i32 {
    return host_seq_mask(this.handle, changetype<usize>(bits), bits.length, i32(keep));
  }

  /** Adds to the logit of ids[i] from here on; without any the biases are taken away. */
  bias(ids: StaticArray<u32>, values: StaticArray<f32>): i32 {
    const at = heap.alloc(8 * ids.length + 1);
    for (let i = 0; i < ids.length; i++) {
      store<u32>(at + 8 * i, ids[i]);
      store<f32>(at + 8 * i + 4, values[i]);
    }
    return host_seq_bias(this.handle, at, ids.length);
  }
}

/** The index of the first that has something to take or does not generate; -24 when the time is over, other errors below 0. */
export function wait(sequences: Sequence[], milliseconds: i32): i32 {
  const handles = new StaticArray<i32>(sequences.length);
  for (let i = 0; i < sequences.length; i++) handles[i] = sequences[i].handle;
  return host_seq_wait(changetype<usize>(handles), handles.length, milliseconds);
}

/** The ids of a text. */
export function tokenize(model: i32, value: string): StaticArray<u32> {
  const bytes = String.UTF8.encode(value);
  const n = max(0, host_tokenize(model, changetype<usize>(bytes), bytes.byteLength, 0, 0));
  const ids = new StaticArray<u32>(n);
  host_tokenize(model, changetype<usize>(bytes), bytes.byteLength, changetype<usize>(ids), n);
  return ids;
}

/** Tokens of the vocabulary from first on, as headers and bytes (docs/guest-abi.md) in as many bytes; how many, 0 at the end. */
export function vocabulary(model: i32, first: i32, dst: usize, dstMax: i32): i32 {
  return host_vocab(model, first, dst, dstMax);
}
