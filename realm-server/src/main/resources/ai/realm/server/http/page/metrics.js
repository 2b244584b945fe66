// Prometheus' text format, as far as the page needs it.

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)",?/g;

/** Samples by metric's name: a list of labels and value. */
export function parse(text) {
  const all = new Map();
  for (const line of text.split("\n")) {
    const found = line.startsWith("#") ? null : LINE.exec(line);
    if (!found) {
      continue;
    }
    const labels = {};
    for (const [, name, value] of (found[2] ?? "").matchAll(LABEL)) {
      labels[name] = value.replace(/\\(.)/g, (_, c) => (c === "n" ? "\n" : c));
    }
    const value = found[3] === "+Inf" ? Infinity : Number(found[3]);
    if (!all.has(found[1])) {
      all.set(found[1], []);
    }
    all.get(found[1]).push({ labels, value });
  }
  return all;
}

/** The sum of a metric's samples; null when there are none. */
export function sum(samples, name, which = () => true) {
  const found = (samples.get(name) ?? []).filter((one) => which(one.labels));
  return found.length === 0 ? null : found.reduce((total, one) => total + one.value, 0);
}

/** The mean of a metric's samples; null when there are none. */
export function mean(samples, name) {
  const found = samples.get(name) ?? [];
  return found.length === 0 ? null : sum(samples, name) / found.length;
}

/** The greatest of a metric's samples; null when there are none. */
export const most = (samples, name) => ((samples.get(name) ?? []).length === 0 ? null : Math.max(...samples.get(name).map((one) => one.value)));

/** What a counter grew by in a second; null at a restart. */
export function rate(before, after, seconds) {
  return before === null || after === null || after < before || !(seconds > 0) ? null : (after - before) / seconds;
}

/** A histogram's buckets, all its series added up: upper bounds and counts. */
export function buckets(samples, name) {
  const counts = new Map();
  for (const { labels, value } of samples.get(`${name}_bucket`) ?? []) {
    const bound = labels.le === "+Inf" ? Infinity : Number(labels.le);
    counts.set(bound, (counts.get(bound) ?? 0) + value);
  }
  return [...counts].sort(([a], [b]) => a - b);
}

/** The quantile of what a histogram counted between two looks, as Prometheus reckons it; null when it counted nothing. */
export function quantile(before, after, q) {
  const earlier = new Map(before);
  const grown = after.map(([bound, count]) => [bound, count - (earlier.get(bound) ?? 0)]);
  const total = grown.at(-1)?.[1] ?? 0;
  if (!(total > 0)) {
    return null;
  }
  const wanted = q * total;
  let below = 0;
  let lower = 0;
  for (const [bound, count] of grown) {
    if (count >= wanted) {
      return bound === Infinity ? lower : lower + ((bound - lower) * (wanted - below)) / Math.max(1e-9, count - below);
    }
    below = count;
    lower = bound;
  }
  return lower;
}
