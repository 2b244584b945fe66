// The keys that the page calls the API with. They are variables of this module, so they are gone with the page, unless somebody asks to
// have one remembered by the browser.

import { button, check, dialog, field, h, say } from "./dom.js";

const NAMES = { tenant: "API key", admin: "Admin key" };
const held = { tenant: null, admin: null };
const listeners = new Set();

const storage = (work) => {
  try {
    return work(window.localStorage);
  } catch {
    return null; // A browser may forbid it.
  }
};

const place = (kind) => `realm.key.${kind}`;

for (const kind of Object.keys(held)) {
  held[kind] = storage((s) => s.getItem(place(kind)));
}

export const key = (kind) => held[kind];

/** Calls back whenever a key was given or forgotten. */
export const onKey = (listener) => listeners.add(listener);

function set(kind, value, remember) {
  held[kind] = value;
  storage((s) => (value && remember ? s.setItem(place(kind), value) : s.removeItem(place(kind))));
  listeners.forEach((listener) => listener(kind));
}

/** Where a key is typed. */
export function keyForm(kind, after) {
  const input = h("input", { type: "password", autocomplete: "off", spellcheck: "false", required: true, placeholder: kind === "admin" ? "ra-…" : "rk-…" });
  const remember = check("Remember it in this browser", {});
  return h("form", {
    class: "key-form",
    submit: (event) => {
      event.preventDefault();
      // What a header cannot carry would be an error that nobody understands.
      const value = input.value.trim();
      if (!/^[\x21-\x7e]+$/.test(value)) {
        input.setCustomValidity("A key has letters, digits and signs only.");
        input.reportValidity();
        return;
      }
      set(kind, value, remember.box.checked);
      after?.();
    },
  }, field(NAMES[kind], input), remember.element, h("button", { class: "primary" }, "Use this key"));
}

/** The card in which a view asks for its key. */
export function askFor(kind, problem) {
  return h("section", { class: "card ask" }, h("h2", {}, kind === "admin" ? "The admin's key" : "A tenant's key"),
    problem && h("p", { class: "error", role: "alert" }, problem),
    h("p", { class: "muted" }, kind === "admin"
      ? "It is the one of admin.key in realm.yaml, or REALM_ADMIN_KEY."
      : "./realm serve prints one; ./realm tenants create makes others."),
    keyForm(kind),
    h("p", { class: "help" }, "It stays in the memory of this page and is sent to this server only."));
}

/** The dialog of all keys. */
export function manage(kinds) {
  const rows = kinds.map((kind) => {
    const state = h("div", { class: "key-row" });
    const show = () => state.replaceChildren(held[kind]
      ? h("p", {}, `${NAMES[kind]}: in use`)
      : keyForm(kind, () => { say(`${NAMES[kind]} is in use.`); show(); }),
    held[kind] ? button("Forget", () => { set(kind, null); say(`${NAMES[kind]} is forgotten.`); show(); }) : "");
    show();
    return state;
  });
  dialog("Keys", rows);
}
