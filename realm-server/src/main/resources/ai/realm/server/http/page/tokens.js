// Tokens with their log-probabilities as colour, and in words for whoever does not see it.

import { h } from "./dom.js";

// From likely to unlikely.
const STEPS = [[0.9, "over 90 %"], [0.6, "60 to 90 %"], [0.3, "30 to 60 %"], [0.1, "10 to 30 %"], [0, "below 10 %"]];

const step = (probability) => STEPS.findIndex(([least]) => probability >= least);

const percent = (p) => (p >= 0.1 ? `${Math.round(p * 100)} %` : p >= 0.001 ? `${(p * 100).toFixed(1)} %` : "below 0.1 %");

/** White space that would be invisible alone. */
const visible = (text) => text.replaceAll("\n", "⏎\n").replaceAll("\t", "⇥");

const inWords = (text) => (text.trim() === "" ? { " ": "space", "\n": "line end" }[text] ?? "white space" : text);

function details(token) {
  const likely = token.top.length > 0 ? token.top : [{ text: token.text, logprob: token.logprob }];
  return h("div", { class: "token-details" }, h("table", {},
    h("caption", {}, "What could have stood there"),
    h("thead", { class: "sr" }, h("tr", {}, h("th", { scope: "col" }, "Token"), h("th", { scope: "col" }, "Probability"), h("th", { scope: "col" }, "Log-probability"))),
    h("tbody", {}, likely.map((one) => h("tr", { class: one.text === token.text && "chosen" },
      h("td", {}, h("code", {}, visible(one.text) || "∅"), one.text === token.text && h("span", { class: "sr" }, " (chosen)")),
      h("td", { class: "number" }, percent(Math.exp(one.logprob))),
      h("td", { class: "number muted" }, one.logprob.toFixed(3)))))));
}

export const legend = () => h("ul", { class: "legend tokens-legend" }, STEPS.map(([, text], i) => h("li", {}, h("span", { class: `swatch p${i}` }), text)));

/** Shows tokens as they come; arrow keys go from one to the next, and the chosen one's alternatives stand below. */
export class TokenStrip {
  constructor() {
    this.place = h("div", { class: "token-place" });
    this.strip = h("div", { class: "tokens", role: "group", "aria-label": "Tokens by probability; arrow keys move between them", keydown: (e) => this.move(e) });
    this.element = h("div", {}, this.strip, legend(), this.place);
    this.count = 0;
  }

  /** @param token text, logprob, and top: the likeliest with theirs */
  add(token) {
    const probability = Math.exp(token.logprob);
    const one = h("button", {
      type: "button",
      class: `token p${step(probability)}`,
      tabindex: this.count === 0 ? 0 : -1,
      title: percent(probability),
      "aria-label": `${inWords(token.text)}, ${percent(probability)}`,
      click: () => this.choose(one, token),
    }, visible(token.text));
    this.count++;
    this.strip.append(one);
  }

  choose(one, token) {
    for (const other of this.strip.querySelectorAll("[tabindex='0']")) {
      other.tabIndex = -1;
    }
    for (const other of this.strip.querySelectorAll("[aria-pressed]")) {
      other.removeAttribute("aria-pressed");
    }
    one.tabIndex = 0;
    one.setAttribute("aria-pressed", "true");
    this.place.replaceChildren(details(token));
  }

  move(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const all = [...this.strip.children];
    const at = all.indexOf(document.activeElement);
    const next = event.key === "Home" ? all[0] : event.key === "End" ? all.at(-1) : step && at >= 0 ? all[at + step] : null;
    if (next) {
      event.preventDefault();
      next.focus();
      next.click();
    }
  }
}
