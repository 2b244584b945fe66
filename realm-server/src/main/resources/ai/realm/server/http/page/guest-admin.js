// The admin's part of a tenant's guest: versions pushed and staged, shares of the requests, the log.

import { button, card, check, dialog, failure, field, h, say } from "./dom.js";
import { admin, part } from "./api.js";
import { logTable, versions } from "./guests.js";

const path = (id) => `admin/tenants/${part(id)}/guests`;

/** A number as WebAssembly writes it. */
function leb(number) {
  const all = [];
  for (let rest = number; ; rest >>>= 7) {
    all.push((rest & 127) | (rest > 127 ? 128 : 0));
    if (rest <= 127) {
      return all;
    }
  }
}

/** What is pushed of a file: a module as it is; a script as a module whose only section it is, as ./realm guest push does. */
async function moduleOf(file) {
  if (!file.name.endsWith(".js")) {
    return file;
  }
  const name = new TextEncoder().encode("realm.javascript");
  const head = [...leb(name.length), ...name];
  return new Blob([new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 0, ...leb(head.length + file.size), ...head]), await file.arrayBuffer()]);
}

function push(id, done) {
  const file = h("input", { type: "file", accept: ".wasm,.js,application/wasm", required: true });
  const staged = check("Staged: only requests with the header x-realm-guest reach it", {});
  const problem = h("div", {});
  const send = h("button", { class: "primary" }, "Push");
  const box = dialog("Push a version", h("form", {
    submit: async (e) => {
      e.preventDefault();
      problem.replaceChildren();
      send.disabled = true;
      try {
        const made = await admin(`${path(id)}?staged=${staged.box.checked}`, { method: "POST", body: await moduleOf(file.files[0]) });
        box.close();
        say(`Version ${made.version} is there.`);
        done();
      } catch (refused) {
        problem.replaceChildren(failure(refused));
      }
      send.disabled = false;
    },
  }, field("Module or script", file, "It is checked, compiled and tried before it gets a request."), staged.element, problem,
  h("div", { class: "actions end" }, button("Cancel", () => box.close()), send)));
}

function shares(id, list, done) {
  const rows = list.data.map((v) => ({ version: v.version, input: h("input", { type: "number", min: 0, max: 100, step: 1, value: v.share || "", placeholder: "0" }) }));
  const problem = h("div", {});
  const box = dialog("Shares of the requests", h("form", {
    submit: async (e) => {
      e.preventDefault();
      try {
        await admin(`${path(id)}/traffic`, { method: "PUT", body: Object.fromEntries(rows.filter((r) => Number(r.input.value) > 0).map((r) => [r.version, Number(r.input.value)])) });
        box.close();
        say("The shares are in force.");
        done();
      } catch (refused) {
        problem.replaceChildren(failure(refused));
      }
    },
  }, h("p", { class: "muted" }, "Parts of a hundred, together 100. With none the active version gets all."), h("div", { class: "pair" }, rows.map((r) => field(`Version ${r.version}`, r.input))), problem,
  h("div", { class: "actions end" }, button("Cancel", () => box.close()), h("button", { class: "primary" }, "Share"))));
}

/**
 * The card of a tenant's guest.
 *
 * @param act does something, tells what went wrong, and shows the tenant anew
 */
export function guestCard(id, list, act) {
  const log = h("div", {});
  const activate = (v) => button("Make active", () => act(() => admin(`${path(id)}/rollback`, { method: "POST", body: { version: v.version } }), `Version ${v.version} is active.`),
    { "aria-label": `Make active: version ${v.version}` });
  return card("Guest", versions(list, activate), h("div", { class: "actions" }, button("Push a version", () => push(id, () => act(() => {}))),
    list.data.length > 0 && button("Share the requests", () => shares(id, list, () => act(() => {}))),
    button("Show the log", async () => {
      try {
        log.replaceChildren(logTable((await admin(`${path(id)}/logs?limit=200`)).data));
      } catch (e) {
        log.replaceChildren(failure(e));
      }
    })), log);
}
