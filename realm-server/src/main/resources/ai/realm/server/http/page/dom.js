// Elements made of text only: whatever comes from a tenant, a model or a file is a text node or an attribute's value, never markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) {
      continue;
    }
    if (typeof value === "function") {
      element.addEventListener(name, value);
    } else if (name === "value" || name === "checked" || name === "disabled" || name === "selected") {
      element[name] = value;
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

/** An HTML element; functions among the attributes listen to the event of their name. */
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

/** The same in SVG. */
export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

export const button = (text, click, attributes) => h("button", { type: "button", click, ...attributes }, text);

let ids = 0;

/** An id that nothing else on the page has. */
export const freshId = () => `id-${++ids}`;

/** A control under its label, with a line of help where one is given. */
export function field(label, control, help) {
  control.id ||= freshId();
  const hint = help ? h("small", { id: `${control.id}-help`, class: "help" }, help) : null;
  if (hint) {
    control.setAttribute("aria-describedby", hint.id);
  }
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, hint);
}

export function check(label, attributes) {
  const box = h("input", { type: "checkbox", ...attributes });
  return { box, element: h("label", { class: "check" }, box, h("span", {}, label)) };
}

export const select = (options, chosen, attributes) => h("select", attributes,
  options.map(([value, text]) => h("option", { value, selected: value === chosen }, text ?? value)));

/** One of a few, side by side; the same as a group of radio buttons. */
export function segments(label, options, chosen, change) {
  const name = freshId();
  return h("fieldset", { class: "segments" }, h("legend", { class: "sr" }, label), options.map(([value, text]) =>
    h("label", {}, h("input", { type: "radio", name, value, checked: value === chosen, change: () => change(value) }), h("span", {}, text))));
}

/** A table whose cells are texts or elements; a wide one scrolls by itself and can be scrolled by keyboard. */
export function table(caption, heads, rows, empty) {
  if (rows.length === 0) {
    return h("p", { class: "empty" }, empty);
  }
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, h("table", {},
    h("caption", { class: "sr" }, caption),
    h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col", class: head.number && "number" }, head.text ?? head)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, i) => h("td", { class: heads[i].number && "number" }, cell)))))));
}

export const card = (title, ...children) => h("section", { class: "card" }, h("h2", {}, title), children);

export function heading(title, about, ...end) {
  return h("div", { class: "heading" }, h("div", {}, h("h1", {}, title), about && h("p", { class: "muted" }, about)),
    h("div", { class: "actions" }, end));
}

export const badge = (text, kind) => h("span", { class: `badge ${kind ?? ""}` }, text);

/** A line that screen readers say, and that goes by itself. */
export function say(text) {
  const status = document.getElementById("status");
  status.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { status.textContent = ""; }, 6000);
}

export const failure = (error) => h("p", { class: "error", role: "alert" }, error.message ?? String(error));

/** A modal dialog with a title; gone when it is closed. */
export function dialog(title, ...children) {
  const heading = h("h2", { id: freshId() }, title);
  const box = h("dialog", { "aria-labelledby": heading.id, close: () => box.remove() },
    h("div", { class: "dialog-head" }, heading, button("✕", () => box.close(), { class: "quiet icon", "aria-label": "Close" })), children);
  document.body.append(box);
  box.showModal();
  return box;
}

/** Asks before what cannot be taken back; true when it was said. */
export function confirm(title, text, action) {
  return new Promise((resolve) => {
    let said = false;
    const box = dialog(title, h("p", {}, text), h("div", { class: "actions end" },
      button("Cancel", () => box.close()), button(action, () => { said = true; box.close(); }, { class: "danger" })));
    box.addEventListener("close", () => resolve(said));
  });
}

/** Text to take along, such as a key that is shown once. */
export function copyable(text, label) {
  const area = h("textarea", { class: "code", readonly: true, spellcheck: "false", rows: Math.min(18, text.split("\n").length), "aria-label": label });
  area.value = text;
  return h("div", { class: "copyable" }, area, button("Copy", async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      area.select();
      document.execCommand("copy");
    }
    say("Copied.");
  }));
}

const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en-GB", { notation: "compact", maximumFractionDigits: 1 });

export const number = (n) => whole.format(n ?? 0);

export const compact = (n) => (Math.abs(n) < 10 && n % 1 !== 0 ? n.toFixed(Math.abs(n) < 1 ? 2 : 1) : Math.abs(n) < 10000 ? whole.format(n) : short.format(n));

export function bytes(n) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let value = n ?? 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** A moment as people write it; the exact one in the title. */
export function moment(value) {
  if (value === null || value === undefined) {
    return "–";
  }
  const date = new Date(typeof value === "number" ? value * 1000 : value);
  if (Number.isNaN(date.getTime())) {
    return String(value);
  }
  return h("time", { datetime: date.toISOString(), title: date.toISOString() },
    date.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" }));
}
