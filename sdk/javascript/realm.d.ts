// What a guest in JavaScript finds, for editors. A script defines generate, and onToken if it wants to see text before the client does.
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
  /** Alternatives to each token; 0 is the token alone. realm.tokens gives the tokens without their alternatives. */
  logProbs?: number;
  /** Whether pieces go to the client as they are generated. */
  stream?: boolean;
}

interface RealmToken {
  id: number;
  logProb: number;
  /** Bytes of the result up to the end of the piece that shows it. */
  end: number;
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
  /** What onToken returns: to the client; to nobody; the generation ends before it. */
  readonly PASS: 0;
  readonly SWALLOW: 1;
  readonly STOP: 2;
};

/** Lines of the server's log. */
declare const console: Record<"error" | "warn" | "log" | "info" | "debug", (...what: unknown[]) => void>;
