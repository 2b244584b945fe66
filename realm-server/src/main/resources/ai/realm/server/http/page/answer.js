// One answer of the model's as it comes: reasoning, text, calls of tools, tokens, and what it took.

import { button, field, h } from "./dom.js";
import { events, request } from "./api.js";
import { TokenStrip } from "./tokens.js";

const seconds = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

/** Tokens out of a chunk of either API. */
function tokensOf(choice) {
  const l = choice.logprobs;
  if (!l) {
    return [];
  }
  if (l.content) {
    return l.content.map((t) => ({ text: t.token, logprob: t.logprob, top: (t.top_logprobs ?? []).map((o) => ({ text: o.token, logprob: o.logprob })) }));
  }
  return (l.tokens ?? []).map((text, i) => ({
    text,
    logprob: l.token_logprobs[i] ?? 0,
    top: Object.entries(l.top_logprobs?.[i] ?? {}).map(([t, logprob]) => ({ text: t, logprob })).sort((a, b) => b.logprob - a.logprob),
  }));
}

export class Answer {
  constructor() {
    this.content = "";
    this.calls = [];
    this.text = document.createTextNode("");
    this.thought = document.createTextNode("");
    this.reasoning = h("details", { class: "reasoning", hidden: true }, h("summary", {}, "Reasoning"), h("div", { class: "text" }, this.thought));
    this.body = h("div", { class: "text" }, this.text);
    this.callPlace = h("div", {});
    this.facts = h("p", { class: "facts" });
    this.strip = null;
    this.element = h("div", { class: "answer", "aria-busy": "true" }, this.reasoning, this.body, this.callPlace, this.facts);
  }

  /**
   * Sends a request and shows what comes.
   *
   * @returns whether it came to its own end
   */
  async run(path, body, signal) {
    const begun = performance.now();
    this.begun = begun;
    try {
      const response = await request("tenant", `v1${path}`, { method: "POST", body, signal });
      this.ignored = response.headers.get("x-realm-ignored");
      for await (const chunk of events(response)) {
        this.first ??= performance.now();
        this.usage = chunk.usage ?? this.usage;
        for (const choice of chunk.choices ?? []) {
          this.take(choice);
        }
      }
      this.finished = true;
    } catch (e) {
      if (e.name !== "AbortError") {
        this.element.append(h("p", { class: "error", role: "alert" }, e.message));
      }
      this.end = e.name === "AbortError" ? "stopped" : "failed";
    }
    this.element.removeAttribute("aria-busy");
    this.facts.textContent = this.inWords();
    return this.finished === true;
  }

  take(choice) {
    if (choice.index > 0) {
      return;
    }
    const delta = choice.delta ?? { content: choice.text };
    if (delta.reasoning_content) {
      this.reasoning.hidden = false;
      this.thought.appendData(delta.reasoning_content);
    }
    if (delta.content) {
      this.content += delta.content;
      this.text.appendData(delta.content);
    }
    for (const call of delta.tool_calls ?? []) {
      const known = this.calls[call.index] ??= { id: call.id, type: "function", function: { name: "", arguments: "" } };
      known.function.name += call.function?.name ?? "";
      known.function.arguments += call.function?.arguments ?? "";
    }
    for (const token of tokensOf(choice)) {
      if (this.strip === null) {
        this.strip = new TokenStrip();
        this.body.replaceWith(this.strip.element);
      }
      this.strip.add(token);
    }
    this.end = choice.finish_reason ?? this.end;
  }

  inWords() {
    const all = [];
    if (this.usage) {
      all.push(`${this.usage.completion_tokens} tokens`);
      const took = performance.now() - this.first;
      if (this.usage.completion_tokens > 1 && took > 0) {
        all.push(`${((this.usage.completion_tokens - 1) / (took / 1000)).toFixed(0)} a second`);
      }
      const cached = this.usage.prompt_tokens_details?.cached_tokens ?? 0;
      all.push(`prompt ${this.usage.prompt_tokens}${cached ? ` (${cached} cached)` : ""}`);
    }
    if (this.first) {
      all.push(`first after ${seconds(this.first - this.begun)}`);
    }
    if (this.end) {
      all.push({ length: "cut at the limit", stop: "complete", tool_calls: "calls tools" }[this.end] ?? this.end);
    }
    if (this.ignored) {
      all.push(`not used: ${this.ignored}`);
    }
    return all.join(" · ");
  }

  /** Calls of tools with room for their results. @param send takes the messages to go on with */
  askForResults(send) {
    const rows = this.calls.filter(Boolean).map((call) => ({ call, input: h("textarea", { class: "code", rows: 2, spellcheck: "false" }) }));
    this.callPlace.replaceChildren(...rows.map(({ call, input }) => h("section", { class: "call" }, h("h3", {}, call.function.name),
      h("pre", { tabindex: 0 }, call.function.arguments), field("Result", input))),
    button("Send results", (e) => {
      e.target.disabled = true;
      send(rows.map(({ call, input }) => ({ role: "tool", tool_call_id: call.id, content: input.value })));
    }));
  }
}
