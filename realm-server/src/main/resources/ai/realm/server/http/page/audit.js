// Who changed what.

import { badge, button, card, failure, h, heading, moment, table } from "./dom.js";
import { ApiError, admin } from "./api.js";

const PAGE = 100;

const inWords = (value) => (value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** The HTTP status that a change ended with; none when its server was ended meanwhile. */
function outcome(status) {
  return status === null || status === undefined ? badge("not known", "busy") : badge(String(status), status < 400 ? "good" : "bad");
}

const row = (one) => [moment(one.at), h("span", {}, one.key, h("span", { class: "muted" }, ` ${one.role ?? ""}`)), inWords(one.action), inWords(one.target),
  outcome(one.outcome), inWords(one.address), h("details", {}, h("summary", {}, "Details"), h("code", { class: "wrap" }, `${inWords(one.details)}\n${one.request_id ?? ""}`))];

export async function audit(place, signal) {
  const entries = [];
  const shown = h("div", {});
  const more = button("Older ones", () => load().catch((e) => shown.append(failure(e))));
  const load = async () => {
    const before = entries.length === 0 ? "" : `&before=${entries.at(-1).id}`;
    const answer = await admin(`admin/audit?limit=${PAGE}${before}`, { signal });
    entries.push(...answer.data);
    more.hidden = !answer.has_more;
    shown.replaceChildren(table("Changes", ["Time", "Key", "Change", "Of", "Status", "From", "Details"], entries.map(row), "Nothing was changed yet."));
  };
  try {
    await load();
  } catch (e) {
    if (!(e instanceof ApiError) || (e.status !== 404 && e.status !== 405)) {
      throw e;
    }
    await admin("admin/models", { signal });
    place.replaceChildren(heading("Audit"), h("p", { class: "empty card" }, "This server does not keep an audit trail that can be read here. Changes are in its log."));
    return;
  }
  place.replaceChildren(heading("Audit", "Who changed what, the last first."), card("Changes", shown, more));
}
