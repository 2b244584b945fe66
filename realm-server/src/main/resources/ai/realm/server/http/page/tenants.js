// The admin's view of tenants: made, changed, suspended, removed; their keys, guests and usage.

import { badge, button, card, confirm, copyable, dialog, failure, field, h, heading, moment, number, say, select, table } from "./dom.js";
import { ApiError, admin, part } from "./api.js";
import { guestCard } from "./guest-admin.js";
import { tenantFields } from "./tenant-form.js";
import { report } from "./usage.js";

const path = (id) => `admin/tenants/${part(id)}`;

const perMinute = (n) => (n > 0 ? number(n) : "–");

/** A key, which can be read now and never again. */
function showKey(id, key) {
  dialog("The new key", h("p", {}, `This is a key of ${id}. The server keeps only its hash, so it is shown this once.`), copyable(key, "The new key"));
}

const keyTable = (t, remove) => table("Keys", ["Name", "Hash", "Made", "Ends", "Action"], (t.key_details ?? t.keys.map((hash) => ({ hash }))).map((k) => [k.name ?? "–",
  h("code", {}, `${k.hash}…`), moment(k.created_at), k.expired ? badge("ended", "bad") : k.expires_at ? moment(k.expires_at) : "never",
  button("Remove", () => remove(k.hash), { "aria-label": `Remove ${k.hash}` })]), "It has no key, so nobody can ask.");

/** A form in a dialog that stays open, saying why, when the server refuses. */
function ask(title, fields, action, send) {
  const problem = h("div", {});
  const box = dialog(title, h("form", {
    submit: async (e) => {
      e.preventDefault();
      problem.replaceChildren();
      try {
        await send();
        box.close();
      } catch (refused) {
        problem.replaceChildren(failure(refused));
      }
    },
  }, fields, problem, h("div", { class: "actions end" }, button("Cancel", () => box.close()), h("button", { class: "primary" }, action))));
}

class Tenants {
  constructor(place, signal) {
    this.place = place;
    this.signal = signal;
  }

  async load() {
    const [list, models] = await Promise.all([admin("admin/tenants", { signal: this.signal }), admin("admin/models", { signal: this.signal })]);
    this.models = models.data.filter((m) => !m.adapter_of).map((m) => m.name);
    return list.data;
  }

  async all() {
    const list = await this.load();
    this.place.replaceChildren(heading("Tenants", `${list.length} on this server.`, button("New tenant", () => this.create(), { class: "primary" })),
      h("section", { class: "card" }, table("Tenants", ["Tenant", "Name", "Models", { text: "Requests a minute", number: true }, { text: "Tokens a minute", number: true },
        { text: "Keys", number: true }], list.map((t) => [button(t.id, () => this.open(t.id), { class: "link" }), t.suspended ? badge("suspended", "bad") : h("span", { class: "muted" }, t.name === t.id ? "" : t.name),
        t.models.join(", "), perMinute(t.limits.requests_per_minute), perMinute(t.limits.tokens_per_minute), String(t.keys.length)]), "There are no tenants.")));
  }

  create() {
    const fields = tenantFields(null, this.models);
    ask("New tenant", fields.element, "Create", async () => {
      const made = await admin("admin/tenants", { method: "POST", body: fields.body() });
      await this.all();
      showKey(made.id, made.key);
    });
  }

  async open(id) {
    const t = await admin(path(id), { signal: this.signal });
    const [guests, used] = await Promise.all([admin(`${path(id)}/guests`, { signal: this.signal }), admin(`admin/usage?tenant=${part(id)}`, { signal: this.signal })]);
    this.problem = h("div", {});
    this.place.replaceChildren(
      button("← All tenants", () => this.all(), { class: "link" }),
      heading(t.id, t.name === t.id ? null : t.name, t.suspended && badge("suspended", "bad"),
        button("Edit", () => this.edit(t)), button(t.suspended ? "Resume" : "Suspend", () => this.suspend(t)), button("Remove", () => this.remove(t), { class: "danger" })),
      this.problem,
      card("Keys", keyTable(t, (hash) => this.removeKey(t, hash)), h("div", { class: "actions" }, button("New key", () => this.newKey(t)))),
      guestCard(t.id, guests, (work, said) => this.act(work, t.id, said)),
      h("div", { class: "stack" }, report(used)));
    this.place.querySelector("h1").tabIndex = -1;
    this.place.querySelector("h1").focus();
  }

  /** Does something to a tenant and shows it anew; a change of somebody else's in between is told, and shown. */
  async act(work, id, said) {
    try {
      await work();
      if (said) {
        say(said);
      }
      await this.open(id);
    } catch (e) {
      if (e instanceof ApiError && e.status === 409) {
        await this.open(id);
      }
      this.problem.replaceChildren(failure(e));
    }
  }

  /** A change that is bound to the version that was seen. */
  patch(t, body) {
    return admin(path(t.id), { method: "PATCH", body, headers: { "If-Match": `"${t.version}"` } });
  }

  edit(t) {
    const fields = tenantFields(t, this.models);
    ask(`Edit ${t.id}`, fields.element, "Save", async () => {
      await this.patch(t, fields.body());
      say("Saved.");
      await this.open(t.id);
    });
  }

  newKey(t) {
    const name = h("input", { maxlength: 64, autocomplete: "off" });
    const ends = h("input", { type: "date" });
    const others = select([["", "stay"], ["0", "end at once"], ["3600", "end in an hour"], ["86400", "end in a day"], ["604800", "end in a week"]], "");
    ask(`A new key of ${t.id}`, h("div", {}, field("Name", name, "What people call it; optional."), field("Ends on", ends, "When that day begins, in UTC. Absent: never."),
      field("The keys that there are", others)), "Make it", async () => {
      const made = await admin(`${path(t.id)}/keys`, { method: "POST", body: { ...(name.value && { name: name.value }), ...(ends.value && { expires_at: ends.value }),
        ...(others.value && { overlap_seconds: Number(others.value) }) } });
      await this.open(t.id);
      showKey(t.id, made.key);
    });
  }

  async suspend(t) {
    if (t.suspended || await confirm(`Suspend ${t.id}?`, "Its keys are refused at once, until it is resumed.", "Suspend")) {
      this.act(() => this.patch(t, { suspended: !t.suspended }), t.id, t.suspended ? "Resumed." : "Suspended.");
    }
  }

  async removeKey(t, hash) {
    if (await confirm("Remove this key?", `Whoever uses ${hash}… is refused at once.`, "Remove")) {
      this.act(() => admin(`${path(t.id)}/keys/${part(hash)}`, { method: "DELETE" }), t.id, "The key is removed.");
    }
  }

  async remove(t) {
    if (await confirm(`Remove ${t.id}?`, "Its keys, settings and pushed guests go; its accounts stay.", "Remove")) {
      try {
        await admin(path(t.id), { method: "DELETE", headers: { "If-Match": `"${t.version}"` } });
        say("Removed.");
        await this.all();
      } catch (e) {
        this.problem.replaceChildren(failure(e));
      }
    }
  }
}

export const tenants = (place, signal) => new Tenants(place, signal).all();
