(function (host) {
  const STATES = ["resting", "generating", "ended", "full"];
  const KINDS = ["gbnf", "json", "regex", "choices"];
  const ids = (what) => (what instanceof Uint32Array ? what.slice() : Uint32Array.from(what)).buffer;

  function tokenize(text, model = 0) {
    const all = new Uint32Array(host.tokenize(model, String(text), 0, 0));
    host.tokenize(model, String(text), 0, 0, all.buffer);
    return Array.from(all);
  }

  class Sequence {
    #handle;
    #model;
    constructor(handle, model) {
      this.#handle = handle;
      this.#model = model;
    }
    static handle(s) {
      return s.#handle;
    }
    feed(what, { special = false, bos = true } = {}) {
      const flags = (special ? 2 : 0) | (bos ? 0 : 4);
      return host.feed(this.#handle, typeof what === "string" ? what : ids(what), flags);
    }
    start(maxTokens) {
      host.start(this.#handle, null, maxTokens);
    }
    generate(maxTokens) {
      this.start(maxTokens);
      return host.text(this.#handle);
    }
    text() {
      return host.text(this.#handle);
    }
    take() {
      return host.take(this.#handle);
    }
    info() {
      const n = new Uint32Array(4);
      host.info(this.#handle, n.buffer);
      return { state: STATES[n[0]], length: n[1], untaken: n[2], room: n[3] };
    }
    top(k = 10) {
      const buffer = new ArrayBuffer(8 * k);
      const n = host.top(this.#handle, buffer);
      const view = new DataView(buffer);
      return Array.from({ length: n }, (_, i) => ({ id: view.getUint32(8 * i, true), logProb: view.getFloat32(8 * i + 4, true) }));
    }
    score(what) {
      const buffer = ids(typeof what === "string" ? tokenize(what, this.#model) : what);
      host.score(this.#handle, buffer);
      return Array.from(new Float32Array(buffer));
    }
    fork() {
      return new Sequence(host.fork(this.#handle), this.#model);
    }
    rollback(tokens) {
      host.rollback(this.#handle, null, tokens);
    }
    grammar(grammar) {
      host.hold(this.#handle, null, grammar ?? 0);
    }
    allowed() {
      const bits = new Uint32Array(Math.ceil(vocabulary(this.#model) / 32));
      host.allowed(this.#handle, bits.buffer);
      return bits;
    }
    mask(bits, keep = false) {
      host.mask(this.#handle, bits === null ? new ArrayBuffer(0) : bits.buffer, keep ? 1 : 0);
    }
    bias(pairs) {
      const all = Object.entries(pairs ?? {});
      const view = new DataView(new ArrayBuffer(8 * all.length));
      all.forEach(([id, bias], i) => {
        view.setUint32(8 * i, Number(id), true);
        view.setFloat32(8 * i + 4, bias, true);
      });
      host.bias(this.#handle, view.buffer);
    }
    close() {
      host.close(this.#handle);
    }
  }

  const sizes = new Map();
  function vocabulary(model) {
    if (!sizes.has(model)) {
      const room = new ArrayBuffer(65536);
      let low = 0;
      let high = 1 << 24;
      while (low < high) {
        const mid = (low + high) >> 1;
        if (host.vocab(model, room, mid) > 0) low = mid + 1;
        else high = mid;
      }
      sizes.set(model, low);
    }
    return sizes.get(model);
  }

  // Characters of ASCII are themselves, other bytes are those of Latin-1: enough to look for letters, and fast.
  function mask(test, { model = 0 } = {}) {
    const bits = new Uint32Array(Math.ceil(vocabulary(model) / 32));
    const room = new ArrayBuffer(65536);
    const bytes = new Uint8Array(room);
    let id = 0;
    for (let n = host.vocab(model, room, 0); n > 0; n = host.vocab(model, room, id)) {
      for (let at = 0, end = id + n; id < end; id++) {
        const length = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
        const kind = bytes[at + 3];
        at += 4 + length;
        if (kind & 2 || (!(kind & 1) && test(String.fromCharCode.apply(null, bytes.subarray(at - length, at)), id))) {
          bits[id >> 5] |= 1 << (id & 31);
        }
      }
    }
    return bits;
  }

  Object.assign(realm, {
    open: (options = {}) => new Sequence(host.open(options.model ?? 0, options), options.model ?? 0),
    wait(sequences, milliseconds = 60000) {
      const index = host.wait(0, ids(sequences.map(Sequence.handle)), milliseconds);
      return index < 0 ? null : sequences[index];
    },
    grammar(kind, text, { model = 0 } = {}) {
      const content = Array.isArray(text) ? text.join("\n") : typeof text === "string" ? text : JSON.stringify(text);
      return host.grammar(model, content, KINDS.indexOf(kind));
    },
    tokenize,
    mask,
    vocabulary: (model = 0) => vocabulary(model),
    ROLLED_BACK: 3,
  });
  return (handle) => new Sequence(handle, 0);
})
