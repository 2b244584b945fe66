// Chat and completion with streaming.

import { button, failure, h, heading, say, segments } from "./dom.js";
import { tenant } from "./api.js";
import { Answer } from "./answer.js";
import { Parameters } from "./parameters.js";
import { show } from "./snippet.js";

const PATHS = { chat: "/chat/completions", completion: "/completions" };

class Playground {
  constructor(models, signal) {
    this.parameters = new Parameters(models);
    this.kind = "chat";
    this.messages = [];
    this.running = null;
    this.log = h("div", { class: "log" });
    this.input = h("textarea", { rows: 3, "aria-label": "Message", keydown: (e) => this.typed(e) });
    this.send = h("button", { class: "primary", type: "submit" }, "Send");
    this.stop = button("Stop", () => this.running?.abort(), { hidden: true });
    this.problem = h("div", {});
    const composer = h("form", { class: "composer", submit: (e) => { e.preventDefault(); this.submit(); } }, this.input, this.problem,
      h("div", { class: "actions" }, this.send, this.stop, h("span", { class: "muted hint" }, "Enter sends, Shift + Enter begins a line"),
        button("Copy as code", () => this.copy(), { class: "quiet" }), button("Clear", () => this.clear(), { class: "quiet" })));
    this.element = h("div", { class: "split" }, h("section", { class: "card talk", "aria-label": "Conversation" }, this.log, composer), this.parameters.element);
    signal.addEventListener("abort", () => this.running?.abort());
    this.mode("chat");
  }

  mode(kind) {
    this.kind = kind;
    this.parameters.mode(kind === "chat");
    this.input.setAttribute("aria-label", kind === "chat" ? "Message" : "Text to go on from");
    this.input.placeholder = kind === "chat" ? "Ask something" : "The capital of France is";
    this.clear();
  }

  clear() {
    this.running?.abort();
    this.messages = [];
    this.problem.replaceChildren();
    this.log.replaceChildren(h("p", { class: "empty" }, this.kind === "chat" ? "A conversation begins with a message." : "The model goes on from a text."));
  }

  typed(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.submit();
    }
  }

  /** The request as it would be sent now. */
  body(text) {
    const rest = this.parameters.body(this.kind === "chat");
    if (this.kind !== "chat") {
      return { ...rest, prompt: text };
    }
    const system = this.parameters.system.value;
    const turns = text === "" ? this.messages : [...this.messages, { role: "user", content: text }];
    return { ...rest, messages: system === "" ? turns : [{ role: "system", content: system }, ...turns] };
  }

  prepared(text) {
    try {
      this.problem.replaceChildren();
      return this.body(text);
    } catch (e) {
      this.problem.replaceChildren(failure(e));
      return null;
    }
  }

  copy() {
    const body = this.prepared(this.input.value || (this.kind === "chat" && this.messages.length > 0 ? "" : this.input.placeholder));
    if (body) {
      show(PATHS[this.kind], body);
    }
  }

  submit() {
    const text = this.input.value;
    if (text.trim() === "" || this.running) {
      return;
    }
    const body = this.prepared(text);
    if (!body) {
      return;
    }
    if (this.kind === "chat") {
      this.turn({ role: "user", content: text }, text);
    } else {
      this.log.replaceChildren(h("div", { class: "turn user" }, h("h3", {}, "Text"), h("div", { class: "text" }, text)));
    }
    this.input.value = "";
    this.ask(body);
  }

  turn(message, text) {
    if (this.messages.length === 0) {
      this.log.replaceChildren();
    }
    this.messages.push(message);
    this.log.append(h("div", { class: `turn ${message.role}` }, h("h3", {}, message.role === "tool" ? "Result of a tool" : "You"), h("div", { class: "text" }, text)));
  }

  async ask(body) {
    const answer = new Answer();
    const stop = new AbortController();
    const asked = this.messages;
    this.running = stop;
    this.send.hidden = true;
    this.stop.hidden = false;
    this.log.append(h("div", { class: "turn assistant" }, h("h3", {}, "Model"), answer.element));
    const follow = setInterval(() => this.log.scrollTo({ top: this.log.scrollHeight }), 100);
    await answer.run(PATHS[this.kind], body, stop.signal);
    clearInterval(follow);
    if (this.running === stop) {
      this.running = null;
      this.send.hidden = false;
      this.stop.hidden = true;
      this.log.scrollTo({ top: this.log.scrollHeight });
    }
    if (asked !== this.messages) {
      return; // It was cleared meanwhile.
    }
    this.keep(answer);
    say(answer.end === "failed" ? "The answer failed." : `The answer has come: ${answer.inWords()}`);
  }

  /** What there is of an answer is the next turn's past, even when it was stopped. */
  keep(answer) {
    if (this.kind !== "chat") {
      return;
    }
    const calls = answer.finished ? answer.calls.filter(Boolean) : [];
    if (answer.content !== "" || calls.length > 0) {
      this.messages.push({ role: "assistant", content: answer.content || null, ...(calls.length > 0 && { tool_calls: calls }) });
    } else {
      this.messages.pop(); // The question that got none.
    }
    if (calls.length > 0) {
      answer.askForResults((results) => {
        results.forEach((r) => this.turn(r, r.content));
        const body = this.prepared("");
        if (body) {
          this.ask(body);
        }
      });
    }
  }
}

export async function playground(place, signal) {
  const models = (await tenant("v1/models", { signal })).data;
  const names = models.map((m) => m.id);
  if (names.length === 0) {
    place.replaceChildren(h("h1", {}, "Playground"), h("p", { class: "empty" }, "No model is granted to this key."));
    return;
  }
  const room = new Playground(names, signal);
  place.replaceChildren(heading("Playground", null, segments("Kind", [["chat", "Chat"], ["completion", "Completion"]], "chat", (k) => room.mode(k))), room.element);
}
