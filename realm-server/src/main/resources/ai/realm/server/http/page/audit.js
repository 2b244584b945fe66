// Who changed what.

import { card, h, heading, moment, table } from "./dom.js";
import { ApiError, admin } from "./api.js";

const inWords = (value) => (value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

export async function audit(place, signal) {
  let list;
  try {
    list = (await admin("admin/audit?limit=200", { signal })).data;
  } catch (e) {
    if (!(e instanceof ApiError) || (e.status !== 404 && e.status !== 405)) {
      throw e;
    }
    await admin("admin/models", { signal });
    place.replaceChildren(heading("Audit"), h("p", { class: "empty card" }, "This server does not keep an audit trail that can be read here. Changes are in its log."));
    return;
  }
  place.replaceChildren(heading("Audit", "Who changed what, the last first."), card("Changes", table("Changes", ["Time", "Key", "Change", "Of", "Details"],
    list.map((one) => [moment(one.at), [one.key, one.role && h("span", { class: "muted" }, ` ${one.role}`)].filter(Boolean), inWords(one.action), inWords(one.target ?? one.tenant),
      h("code", { class: "wrap" }, inWords(one.details))]), "Nothing was changed yet.")));
}
