// Charts of what the server does now, from its metrics.

import { badge, button, card, compact, h, heading } from "./dom.js";
import { admin, request } from "./api.js";
import { lines } from "./chart.js";
import { buckets, mean, most, parse, quantile, rate, sum } from "./metrics.js";

const EVERY = 2;
const KEPT = 120;
const TENANTS = 6;

const sized = (ms) => (ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms)} ms`);

const percent = (part) => `${Math.round(part * 100)} %`;

const byTenant = (samples, name) => {
  const all = new Map();
  for (const { labels, value } of samples.get(name) ?? []) {
    all.set(labels.tenant, (all.get(labels.tenant) ?? 0) + value);
  }
  return all;
};

/** One look at the metrics, against the one before. */
function look(samples, before, seconds) {
  const grown = (name) => (before ? rate(sum(before, name), sum(samples, name), seconds) : null);
  const ttft = (q) => (before ? quantile(buckets(before, "vllm:time_to_first_token_seconds"), buckets(samples, "vllm:time_to_first_token_seconds"), q) : null);
  const inMillis = (s) => (s === null ? null : s * 1000);
  const cpu = new Map();
  if (before) {
    const earlier = byTenant(before, "realm_guest_cpu_seconds_total");
    byTenant(samples, "realm_guest_cpu_seconds_total").forEach((value, tenant) => cpu.set(tenant, rate(earlier.get(tenant) ?? 0, value, seconds) ?? 0));
  }
  return {
    generated: grown("vllm:generation_tokens_total"),
    prompt: grown("vllm:prompt_tokens_total"),
    forwarded: grown("realm_engine_forwarded_tokens_total"),
    running: sum(samples, "vllm:num_requests_running"),
    waiting: sum(samples, "vllm:num_requests_waiting"),
    kv: most(samples, "vllm:kv_cache_usage_perc") ?? mean(samples, "vllm:gpu_cache_usage_perc"),
    half: inMillis(ttft(0.5)),
    nearlyAll: inMillis(ttft(0.95)),
    cpu,
  };
}

class Live {
  constructor(signal) {
    this.signal = signal;
    this.looks = [];
    this.charts = h("div", { class: "grid-2" });
    this.paused = false;
    this.state = h("span", {});
  }

  async next() {
    const now = performance.now();
    try {
      const text = await (await request("admin", "metrics", { signal: this.signal })).text();
      const samples = parse(text);
      this.looks.push(look(samples, this.before, (now - this.at) / 1000));
      this.before = samples;
      this.at = now;
      this.state.replaceChildren(badge("live", "good"));
    } catch (e) {
      if (e.name === "AbortError") {
        return;
      }
      this.before = null;
      this.looks.push(look(new Map(), null, 0));
      this.state.replaceChildren(badge(e.message, "bad"));
    }
    this.looks = this.looks.slice(-KEPT);
    this.draw();
  }

  draw() {
    const missing = Math.max(0, 30 - this.looks.length);
    const of = (value) => [...Array(missing).fill(null), ...this.looks.map(value)];
    const seconds = (missing + this.looks.length - 1) * EVERY;
    const shown = (title, name, series, options) => card(title, lines(name, series, { seconds, ...options }));
    const totals = new Map();
    this.looks.forEach((l) => l.cpu.forEach((v, tenant) => totals.set(tenant, (totals.get(tenant) ?? 0) + v)));
    const busiest = [...totals].filter(([, v]) => v > 0).sort(([, a], [, b]) => b - a).slice(0, TENANTS).map(([tenant]) => tenant);
    this.charts.replaceChildren(
      shown("Tokens a second", "Tokens a second", [["generated", of((l) => l.generated)], ["prompt", of((l) => l.prompt)], ["computed", of((l) => l.forwarded)]]),
      shown("Queue", "Generations", [["running", of((l) => l.running)], ["waiting", of((l) => l.waiting)]], { top: 4 }),
      shown("Time to first token", "Time to first token", [["half of them", of((l) => l.half)], ["95 of 100", of((l) => l.nearlyAll)]], { format: sized }),
      shown("KV memory in use", "KV memory in use", [["held", of((l) => l.kv)]], { format: percent, top: 1 }),
      shown("Guests' processor time", "Processors that guests use", busiest.length === 0 ? [["none", of((l) => (l.cpu ? 0 : null))]]
        : busiest.map((tenant) => [tenant, of((l) => l.cpu.get(tenant) ?? 0)]), { format: (v) => compact(v), top: 0.1 }));
  }
}

export async function live(place, signal) {
  await admin("admin/models", { signal }); // The metrics need no key; who may see this page's charts has the admin's.
  const room = new Live(signal);
  const pause = button("Pause", () => {
    room.paused = !room.paused;
    pause.textContent = room.paused ? "Go on" : "Pause";
  });
  place.replaceChildren(heading("Live", `What the server does now, looked at every ${EVERY} seconds.`, room.state, pause), room.charts);
  await room.next();
  const timer = setInterval(() => !room.paused && !document.hidden && room.next(), EVERY * 1000);
  signal.addEventListener("abort", () => clearInterval(timer));
}
