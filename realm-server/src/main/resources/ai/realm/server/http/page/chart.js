// Charts in SVG, drawn by hand: lines over the last minutes, bars by day. Each says in words what it shows.

import { compact, freshId, h, s } from "./dom.js";

const WIDTH = 480;
const HEIGHT = 150;
const LEFT = 44;
const BOTTOM = 20;
const TOP = 8;

/** The next round number at or above n. */
function roof(n) {
  if (!(n > 0)) {
    return 1;
  }
  const power = 10 ** Math.floor(Math.log10(n));
  return [1, 2, 4, 6, 8, 10].map((step) => step * power).find((r) => r >= n * 0.999);
}

function frame(name, top, format) {
  const y = (v) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - v / top);
  const title = s("title", { id: freshId() }, name);
  const picture = s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "chart", role: "img", "aria-labelledby": title.id }, title,
    [0, 0.5, 1].map((part) => [
      s("line", { class: "grid", x1: LEFT, x2: WIDTH, y1: y(top * part), y2: y(top * part) }),
      s("text", { class: "axis", x: LEFT - 6, y: y(top * part) + 4, "text-anchor": "end" }, format(top * part)),
    ]));
  return { picture, title, y };
}

const legend = (names, values, colours) => h("ul", { class: "legend" }, names.map((one, i) =>
  h("li", {}, h("span", { class: `swatch c${colours?.[i] ?? i % 8}` }), one, values && h("strong", {}, values[i]))));

/**
 * Lines over time.
 *
 * @param series [name, values], all equally long; null where nothing was measured
 * @param top the least that the axis goes up to
 */
export function lines(name, series, { format = compact, top = 0, seconds = 0 } = {}) {
  const most = Math.max(top, ...series.flatMap(([, values]) => values.filter((v) => v !== null)));
  const { picture, title, y } = frame(name, roof(most), format);
  const length = Math.max(2, ...series.map(([, values]) => values.length));
  const x = (i) => LEFT + ((WIDTH - LEFT) * i) / (length - 1);
  series.forEach(([, values], n) => {
    let path = "";
    values.forEach((v, i) => {
      if (v !== null) {
        const begins = path === "" || values[i - 1] === null;
        path += `${begins ? "M" : "L"}${x(i).toFixed(1)} ${y(v).toFixed(1)}${begins ? "h0" : ""}`; // One alone is a dot.
      }
    });
    picture.append(s("path", { class: `line c${n % 8}`, d: path || "M0 0" }));
  });
  if (seconds > 0) {
    picture.append(s("text", { class: "axis", x: LEFT, y: HEIGHT - 4 }, `${Math.round(seconds)} s ago`),
      s("text", { class: "axis", x: WIDTH, y: HEIGHT - 4, "text-anchor": "end" }, "now"));
  }
  const last = series.map(([, values]) => values.findLast((v) => v !== null) ?? null);
  const shown = last.map((v) => (v === null ? "–" : format(v)));
  title.textContent = `${name}: ${series.map(([one], i) => `${one} ${shown[i]}`).join(", ")}`;
  return h("div", {}, picture, legend(series.map(([one]) => one), shown));
}

/**
 * Bars, one above another for each day.
 *
 * @param days labels along the axis
 * @param series [name, values, colour], a value a day; the colour is the next one unless it is given
 */
export function bars(name, days, series) {
  const sums = days.map((_, i) => series.reduce((sum, [, values]) => sum + values[i], 0));
  const { picture, title, y } = frame(name, roof(Math.max(...sums, 0)), compact);
  const colours = series.map(([, , colour], i) => colour ?? i % 8);
  const step = (WIDTH - LEFT) / days.length;
  days.forEach((day, i) => {
    let below = 0;
    const group = s("g", {}, s("title", {}, `${day}: ${series.map(([one, values]) => `${one} ${compact(values[i])}`).join(", ")}`),
      s("rect", { class: "hover", x: LEFT + i * step, y: TOP, width: step, height: HEIGHT - TOP - BOTTOM }));
    series.forEach(([, values], n) => {
      const from = y(below);
      below += values[i];
      if (values[i] > 0) {
        group.append(s("rect", { class: `column c${colours[n]}`, x: LEFT + i * step + step * 0.15, width: step * 0.7, y: y(below), height: Math.max(0.5, from - y(below)) }));
      }
    });
    picture.append(group);
  });
  picture.append(s("text", { class: "axis", x: LEFT, y: HEIGHT - 4 }, days[0]),
    s("text", { class: "axis", x: WIDTH, y: HEIGHT - 4, "text-anchor": "end" }, days.at(-1)));
  title.textContent = `${name}, ${days[0]} to ${days.at(-1)}: ${series.map(([one, values]) => `${one} ${compact(values.reduce((a, b) => a + b, 0))}`).join(", ")}`;
  return h("div", {}, picture, legend(series.map(([one]) => one), null, colours));
}

/** How much of a limit is used. */
export function meter(label, used, limit, text) {
  return h("div", { class: "meter-row" }, h("div", { class: "meter-label" }, h("span", {}, label), h("span", { class: "muted" }, text)),
    h("meter", { min: 0, max: limit, value: Math.min(used, limit), high: limit * 0.9, "aria-label": `${label}: ${text}` }));
}
