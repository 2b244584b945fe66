// The tenant's guest: its versions, and what it logged.

import { badge, bytes, button, card, failure, h, heading, moment, table } from "./dom.js";
import { ApiError, tenant } from "./api.js";

/** The versions of a guest. @param action an element for each version that is not active; none for the tenant's own view */
export const versions = (list, action) => table("Versions of the guest", ["Version", { text: "Requests", number: true }, "", "Pushed", { text: "Size", number: true }, "Digest",
  ...(action ? [{ text: "Action" }] : [])],
[...list.data].reverse().map((v) => [String(v.version), share(v), v.active ? badge("active", "good") : v.share > 0 ? badge("shares", "busy") : "", moment(v.pushed_at), bytes(v.bytes),
  h("code", { title: v.digest }, v.digest.replace(/^sha256:/, "").slice(0, 12)), ...(action ? [v.active ? "" : action(v)] : [])]),
"No version was pushed; the guest of the configuration is active.");

const share = (v) => (v.share > 0 ? `${v.share} %` : v.active ? "the others" : "–");

const LEVELS = { error: "bad", warn: "busy" };

/** Lines that guests logged, newest first. */
export const logTable = (lines) => table("Log of the guest", ["Time", "", "Line", "Request"], lines.map((line) => [moment(line.at),
  line.level && badge(line.level, LEVELS[line.level]), h("code", { class: "wrap" }, line.message ?? ""), h("code", {}, line.request_id ?? "")]), "The guest has logged nothing.");

async function logs(signal) {
  try {
    const answer = await tenant("v1/guest/logs?limit=200", { signal });
    return logTable(answer.data);
  } catch (e) {
    if (e instanceof ApiError && (e.status === 404 || e.status === 405)) {
      return h("p", { class: "empty" }, "This server does not offer guests' logs here. The operator finds them in the server's log.");
    }
    if (e.name === "AbortError") {
      throw e;
    }
    return failure(e);
  }
}

export async function guests(place, signal) {
  const it = await tenant("v1/tenant", { signal });
  const log = h("div", {}, await logs(signal));
  const limits = it.guest_limits;
  place.replaceChildren(heading("Guests", `The code of ${it.name || it.id} that runs beside the model.`),
    card("Versions", it.guests.active === 0 && it.guests.data.length > 0 && h("p", { class: "muted" }, "The guest of the configuration is active."), versions(it.guests)),
    card("Log", h("div", { class: "actions" }, button("Read again", async () => log.replaceChildren(await logs(signal)))), log),
    card("Limits of the guest", h("dl", { class: "facts-list" },
      [["Memory", bytes(limits.memory_pages * 65536)], ["Processor time", `${limits.cpu_ms} ms`], ["Wall clock", `${limits.deadline_ms / 1000} s`],
        ["Generations in a request", limits.generations], ["Store", bytes(limits.kv_bytes)], ["Module", bytes(limits.module_bytes)]]
        .map(([name, value]) => [h("dt", {}, name), h("dd", {}, String(value))]))));
}
