// What a guest in JavaScript finds, for editors. A script defines generate, onToken if it wants to see text before the client does, and
// onSchedule(name) if the tenant's guest_schedule is to call it.
// It is evaluated once, when it is pushed; every request begins with what that left, and nothing survives a request but realm.kv.
// Math.random() is another in every request, but what was drawn while the script was evaluated is the same for all.

/** What a generation uses; what is not said is the request's. */
interface RealmOptions {
  /** 0, the default: the model that the client asked for; 1, 2, … those granted to the tenant. */
  model?: number;
  maxTokens?: number;
  temperature?: number;
  topP?: number;
  topK?: number;
  minP?: number;
  repetitionPenalty?: number;
  frequencyPenalty?: number;
  presencePenalty?: number;
  seed?: number;
  stop?: string | string[];
  /** GBNF. */
  grammar?: string;
  /** A JSON schema, as text or as an object. */
  jsonSchema?: string | object;
  /** By token id: what is added to its logit. */
  logitBias?: Record<number, number>;
  /** Alternatives to each token; 0 is the token alone. */
  logProbs?: number;
  /** Whether pieces go to the client as they are generated. */
  stream?: boolean;
}

interface RealmToken {
  id: number;
  logProb: number;
  /** Bytes of the result up to the end of the piece that shows it. */
  end: number;
  /** The logProbs likeliest in its place, the likeliest first. */
  top: { id: number; logProb: number }[];
}

/** A token of a sequence. Its text may be a part of a character, which is then broken here but not in text() and generate(). */
interface RealmStep {
  id: number;
  /** 0 unless the options asked for logProbs. */
  logProb: number;
  text: string;
}

/**
 * Tokens that the script steers itself. What changes one that generates stops it first, where it is. While nothing is asked of it,
 * it costs nobody anything. A script that has a function onStep(seq, tokens, ends) sees each token of realm.generate before the next is
 * chosen; what it does to seq then holds for that. There are no tokens before the first, and where the model would end (ends). It returns PASS (or nothing), SWALLOW, STOP or ROLLED_BACK.
 */
interface RealmSequence {
  /** Adds text or ids; how many tokens that were. special: spellings of special tokens count; bos: the first text begins with the model's. */
  feed(what: string | number[] | Uint32Array, options?: { special?: boolean; bos?: boolean }): number;
  /** Generates by itself. */
  start(maxTokens: number): void;
  /** Waits until it has stopped: all text that came and was not taken. */
  text(): string;
  /** start, then text. */
  generate(maxTokens: number): string;
  /** Tokens that came; does not wait. */
  take(): RealmStep[];
  /** ended: the model would end here; full: as many tokens came as were asked for. */
  info(): { state: "resting" | "generating" | "ended" | "full"; length: number; untaken: number; room: number };
  /** The likeliest next tokens. */
  top(k?: number): { id: number; logProb: number }[];
  /** The log-probability of each token if they came next. */
  score(what: string | number[]): number[];
  fork(): RealmSequence;
  /** The last so many tokens never were. */
  rollback(tokens: number): void;
  /** What realm.grammar gave, from here on; null for none. */
  grammar(grammar: number | null): void;
  /** A bit for each token that may come next. */
  allowed(): Uint32Array;
  /** For the next token, or to keep; null takes it away. */
  mask(bits: Uint32Array | null, keep?: boolean): void;
  /** Biases by id, from here on; null takes them away. */
  bias(biases: Record<number, number> | null): void;
  close(): void;
}

/** What a host function throws: code is its number in docs/guest-abi.md. */
interface RealmError extends Error {
  code: number;
}

declare const realm: {
  /** The whole generated text. */
  generate(prompt: string, options?: RealmOptions): string;
  /** Sends text to the client now. A script that names it decides itself what reaches the client. */
  emit(text: string): void;
  countTokens(text: string, model?: number): number;
  /** What the operator gave this guest, or null. */
  setting(key: string): string | null;
  /** The request as an object. */
  request(): any;
  /** Messages as the model's template renders them; open, the default: an answer of the assistant is to follow. */
  render(messages: object[] | { messages: object[]; tools?: object[] }, open?: boolean, model?: number): string;
  model(id?: number): { name: string; context: number; chat: boolean; vocabulary: number; bos: number; eos: number };
  /** What the request has used, in tokens of the last generation and of all, and what is left of it. */
  usage(): Record<"prompt" | "cached" | "generated" | "allPrompt" | "allCached" | "allGenerated" | "cpuMicros" | "millisLeft" | "tokensLeft", number>;
  /** How the answer ends, whatever the last generation did. */
  finish(reason: "stop" | "length" | "content_filter" | "tool_calls"): void;
  /** A call of a tool for the client to do. */
  toolCall(id: string, name: string, args: object | string): void;
  /** Tells the client, if it asked for events. */
  event(name: string, value: unknown): void;
  /** Ends the request with an error of the guest's own: 400, 403, 409, 422 or 429. Returns only by throwing that it cannot be. */
  refuse(status: number, code: string, text: string): never;
  /** The tokens of the last generation with logProbs, from number first on. */
  tokens(first?: number): RealmToken[];
  /** The vector of a text, of length 1, by an encoder that is granted to the tenant: its number among them. */
  embed(text: string, model: number): number[];
  /** Asks another machine, where the tenant's guest_http allows it. A body that is no text is sent as JSON. */
  http(request: { url: string; method?: string; headers?: Record<string, string>; body?: unknown }): {
    status: number;
    headers: Record<string, string>;
    body: string;
  };
  /** The tenant's own store, which outlives requests. */
  kv: {
    get(key: string): string | null;
    set(key: string, value: string | null): void;
    delete(key: string): boolean;
    /** Adds to a counter, which is 0 at first, whoever else does at the same time; the sum. */
    add(key: string, delta?: number): number;
    /** Puts a value where another is; null is no value. False when it is another. */
    swap(key: string, old: string | null, value: string | null): boolean;
    /** As set, but for so many seconds, 0 for ever; other servers see it at once. */
    put(key: string, value: string, seconds?: number): void;
    /** The next keys, in the order of their bytes, that begin with prefix and come after that one; none at the end. */
    list(prefix?: string, after?: string): string[];
    /** Stores a vector, to be searched for. */
    setVector(key: string, vector: ArrayLike<number>): void;
    /** The keys with this prefix whose vectors are nearest, nearest first; 10, 100 at most. */
    search(prefix: string, vector: ArrayLike<number>, count?: number): { key: string; cosine: number }[];
  };
  /** A sequence without tokens. */
  open(options?: RealmOptions): RealmSequence;
  /** The first of them that has something to take or does not generate; null when none has in that time. */
  wait(sequences: RealmSequence[], milliseconds?: number): RealmSequence | null;
  grammar(kind: "gbnf" | "json" | "regex" | "choices", what: string | object | string[], options?: { model?: number }): number;
  tokenize(text: string, model?: number): number[];
  /**
   * A mask of the tokens whose bytes, as characters, pass a test, and of those that end an output. It calls for each token, which takes
   * seconds for a large vocabulary; what a grammar of a regular expression allows (allowed()) is there at once.
   */
  mask(test: (text: string, id: number) => boolean, options?: { model?: number }): Uint32Array;
  /** Tokens of the vocabulary. */
  vocabulary(model?: number): number;
  /** What onToken returns: to the client; to nobody; the generation ends before it. */
  readonly PASS: 0;
  readonly SWALLOW: 1;
  readonly STOP: 2;
  /** What onStep returns when it has rolled back; nothing of the step goes to the client. */
  readonly ROLLED_BACK: 3;
};

/** Lines of the server's log. */
declare const console: Record<"error" | "warn" | "log" | "info" | "debug", (...what: unknown[]) => void>;
