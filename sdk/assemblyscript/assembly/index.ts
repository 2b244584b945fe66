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
