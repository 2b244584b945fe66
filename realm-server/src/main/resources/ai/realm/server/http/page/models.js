// The admin's view of models: what is loaded, how much memory it has.

import { badge, bytes, button, confirm, dialog, failure, field, h, heading, number, say, table } from "./dom.js";
import { admin, part } from "./api.js";

const KINDS = { ready: "good", loading: "busy", failed: "bad" };
const REFRESH = 2000;

class Models {
  constructor(signal) {
    this.signal = signal;
    this.problem = h("div", {});
    this.list = h("section", { class: "card" });
    this.last = "";
  }

  async load() {
    const { data } = await admin("admin/models", { signal: this.signal });
    const now = JSON.stringify(data);
    if (now !== this.last) {
      this.last = now;
      this.list.replaceChildren(this.table(data));
    }
  }

  table(models) {
    return table("Models", ["Model", "State", { text: "Memory", number: true }, { text: "Context", number: true }, { text: "Leases", number: true }, "Action"], models.map((m) => [
      h("div", {}, h("strong", {}, m.name), m.architecture && h("span", { class: "muted" }, ` ${m.architecture}`), m.error && h("p", { class: "error" }, m.error)),
      badge(m.state, KINDS[m.state]), m.bytes > 0 ? bytes(m.bytes) : "–", m.context > 0 ? number(m.context) : "–", String(m.leases), h("div", { class: "actions" },
        m.state === "ready" ? button("Unload", () => this.unload(m), { "aria-label": `Unload ${m.name}` })
          : button("Load", () => this.act(() => this.send(m, "load", { wait_seconds: 0 }), `${m.name} is being loaded.`), { "aria-label": `Load ${m.name}`, disabled: m.state === "loading" }),
        !m.configured && button("Remove", () => this.remove(m), { "aria-label": `Remove ${m.name}` }))]), "There are no models.");
  }

  send(m, what, body) {
    return admin(`admin/models/${part(m.name)}/${what}`, { method: "POST", body });
  }

  async act(work, said) {
    this.problem.replaceChildren();
    try {
      await work();
      say(said);
      await this.load();
    } catch (e) {
      this.problem.replaceChildren(failure(e));
    }
  }

  async unload(m) {
    if (m.leases === 0 || await confirm(`Unload ${m.name}?`, `${m.leases} of its requests run; they have 20 seconds to end.`, "Unload")) {
      this.act(() => this.send(m, "unload", { drain_seconds: m.leases === 0 ? 0 : 20 }), `${m.name} is unloaded.`);
    }
  }

  async remove(m) {
    if (await confirm(`Remove ${m.name}?`, "The server forgets it; its file stays.", "Remove")) {
      this.act(() => admin(`admin/models/${part(m.name)}`, { method: "DELETE" }), `${m.name} is removed.`);
    }
  }

  add() {
    const name = h("input", { required: true, spellcheck: "false", autocomplete: "off" });
    const file = h("input", { required: true, spellcheck: "false", autocomplete: "off" });
    const problem = h("div", {});
    const box = dialog("Add a model", h("form", {
      submit: async (e) => {
        e.preventDefault();
        try {
          await admin("admin/models", { method: "POST", body: { name: name.value, file: file.value } });
          box.close();
          await this.act(() => {}, `${name.value} is known; load it, and grant it to tenants.`);
        } catch (refused) {
          problem.replaceChildren(failure(refused));
        }
      },
    }, field("Name", name, "What requests call it."), field("File", file, "A GGUF file on the server."), problem,
    h("div", { class: "actions end" }, button("Cancel", () => box.close()), h("button", { class: "primary" }, "Add"))));
  }
}

export async function models(place, signal) {
  const room = new Models(signal);
  await room.load();
  place.replaceChildren(heading("Models", "Kept in memory once, for all tenants.", button("Add a model", () => room.add(), { class: "primary" })), room.problem, room.list);
  const timer = setInterval(() => room.load().catch(() => {}), REFRESH);
  signal.addEventListener("abort", () => clearInterval(timer));
}
