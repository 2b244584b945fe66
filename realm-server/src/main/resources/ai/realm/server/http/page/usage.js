// What the tenant of the key has used, and its limits.

import { card, compact, failure, h, heading, number, segments, table } from "./dom.js";
import { request, tenant } from "./api.js";
import { bars, meter } from "./chart.js";

const DAY = 86_400_000;
const FAILED = 5; // Red.

const day = (time) => new Date(time).toISOString().slice(0, 10);

function days(from, to) {
  const all = [];
  for (let t = Date.parse(from); t <= Date.parse(to); t += DAY) {
    all.push(day(t));
  }
  return all;
}

const tile = (name, value, note) => h("div", { class: "tile" }, h("span", { class: "muted" }, name), h("strong", {}, value), note && h("span", { class: "muted" }, note));

const byModel = (rows) => {
  const models = new Map();
  for (const r of rows) {
    const m = models.get(r.model) ?? { requests: 0, prompt_tokens: 0, completion_tokens: 0, engine_seconds: 0, cost: 0 };
    Object.keys(m).forEach((k) => { m[k] += Number(r[k] ?? 0); });
    models.set(r.model, m);
  }
  return [...models].sort(([, a], [, b]) => b.completion_tokens - a.completion_tokens);
};

/** Usage as charts and tables; the admin's view of a tenant is the same. */
export function report(answer) {
  const axis = days(answer.from, answer.to);
  const by = (value) => axis.map((d) => answer.data.filter((r) => r.date === d).reduce((sum, r) => sum + value(r), 0));
  const t = answer.total;
  const money = (cost) => `${Number(cost ?? 0).toFixed(2)} ${answer.currency}`;
  return [
    h("div", { class: "tiles" }, tile("Requests", number(t.requests), t.failed_requests ? `${number(t.failed_requests)} failed` : "none failed"),
      tile("Prompt tokens", compact(t.prompt_tokens), `${compact(t.cached_tokens)} cached`), tile("Generated tokens", compact(t.completion_tokens)),
      tile("Guest's CPU time", `${t.guest_cpu_seconds.toFixed(1)} s`), answer.currency && tile("Cost", money(t.cost))),
    h("div", { class: "grid-2" },
      card("Tokens a day", bars("Tokens a day", axis, [["generated", by((r) => r.completion_tokens)], ["prompt", by((r) => r.prompt_tokens - r.cached_tokens)],
        ["prompt, cached", by((r) => r.cached_tokens)]])),
      card("Requests a day", bars("Requests a day", axis, [["answered", by((r) => r.requests - r.failed_requests)], ["failed", by((r) => r.failed_requests), FAILED]]))),
    card("By model", table("Usage by model", ["Model", { text: "Requests", number: true }, { text: "Prompt", number: true }, { text: "Generated", number: true },
      { text: "Engine", number: true }, ...(answer.currency ? [{ text: "Cost", number: true }] : [])], byModel(answer.data).map(([model, m]) => [model, number(m.requests),
      number(m.prompt_tokens), number(m.completion_tokens), `${m.engine_seconds.toFixed(1)} s`, ...(answer.currency ? [money(m.cost)] : [])]), "Nothing was used in these days.")),
  ];
}

const LIMITS = [["context_length", "Context", "tokens"], ["max_tokens", "Answer", "tokens"], ["body_bytes", "Body of a request", "bytes"],
  ["deadline_seconds", "Time for a request", "s"], ["concurrent_requests", "Requests at the same time", ""]];

async function limits(signal) {
  const response = await request("tenant", "v1/tenant", { signal });
  const it = await response.json();
  const today = await tenant(`v1/usage?from=${day(Date.now())}&to=${day(Date.now())}`, { signal });
  const used = today.total.prompt_tokens + today.total.completion_tokens;
  const meters = ["requests", "tokens"].map((what) => {
    const limit = it.limits[`${what}_per_minute`];
    const left = Number(response.headers.get(`x-ratelimit-remaining-${what}`) ?? limit);
    const name = `${what === "requests" ? "Requests" : "Tokens"} a minute`;
    return limit > 0 ? meter(name, limit - left, limit, `${number(limit - left)} of ${number(limit)}`) : meterless(name);
  });
  const perDay = it.limits.tokens_per_day;
  meters.push(perDay > 0 ? meter("Tokens a day", used, perDay, `${number(used)} of ${number(perDay)}`) : meterless("Tokens a day"));
  return card("Limits", meters, h("dl", { class: "facts-list" }, LIMITS.map(([name, label, unit]) => [h("dt", {}, label),
    h("dd", {}, it.limits[name] > 0 ? `${number(it.limits[name])} ${unit}` : "what the model can")])));
}

const meterless = (name) => h("div", { class: "meter-row" }, h("div", { class: "meter-label" }, h("span", {}, name), h("span", { class: "muted" }, "no limit")));

export async function usage(place, signal) {
  const shown = h("div", { class: "stack" });
  const load = async (back) => {
    shown.replaceChildren(...report(await tenant(`v1/usage?from=${day(Date.now() - (back - 1) * DAY)}&to=${day(Date.now())}`, { signal })));
  };
  await load(30);
  place.replaceChildren(heading("Usage", null, segments("Days", [[7, "7 days"], [30, "30 days"], [90, "90 days"]], 30,
    (back) => load(back).catch((e) => shown.replaceChildren(failure(e))))), shown);
  place.append(await limits(signal));
}
