// What the flows share: one browser, a fresh context for each flow, what it must not have done, and pictures.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync, existsSync } from "node:fs";
import { after, before } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

export const API = process.env.REALM_URL;
export const MANAGEMENT = process.env.REALM_MANAGEMENT_URL;
export const ONE = process.env.REALM_ONE_URL;
export const KEY = process.env.REALM_KEY;
export const LIMITED_KEY = process.env.REALM_LIMITED_KEY;
export const ADMIN_KEY = process.env.REALM_PAGE_ADMIN_KEY;

const KEPT = new URL("screenshots/", import.meta.url);
const MADE = new URL("made/", import.meta.url);
const MOST_DIFFERENT = 0.06;

let browser;
before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
});
after(() => browser?.close());

/** Runs a flow on a fresh page; it fails for a script's error, a breach of the policy, or anything asked of another origin. */
export async function onPage(url, options, flow) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", locale: "en-GB", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const wrong = [];
  page.on("pageerror", (e) => wrong.push(`error: ${e.message}`));
  page.on("console", (m) => {
    if (m.type() === "error" && !/status of 4\d\d/.test(m.text())) {
      wrong.push(`console: ${m.text()}`);
    }
  });
  page.on("request", (r) => {
    const to = new URL(r.url());
    if (to.protocol.startsWith("http") && ![API, MANAGEMENT, ONE].includes(to.origin)) {
      wrong.push(`request to ${to.origin}`);
    }
  });
  try {
    await page.goto(url);
    await flow(page, context);
    assert.equal(await page.evaluate(() => window.hacked), undefined, "a script of somebody else's ran");
    assert.deepEqual(wrong, []);
  } finally {
    await context.close();
  }
}

export async function signIn(page, key) {
  await page.locator("main").getByLabel(/key$/i).first().fill(key);
  await page.getByRole("button", { name: "Use this key" }).click();
}

export const open = (page, name) => page.getByRole("navigation", { name: "Views" }).getByRole("link", { name, exact: true }).click();

/** No finding of axe's that is serious or worse, and nothing wider than the window. */
export async function sound(page, what) {
  const found = (await new AxeBuilder({ page }).analyze()).violations;
  const serious = found.filter((v) => v.impact === "serious" || v.impact === "critical")
    .map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(" | ")}`);
  assert.deepEqual(serious, [], what);
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wider <= 0, `${what} is ${wider} pixels wider than the window`);
}

/** The part of the pixels that clearly differ; 1 when the sizes do. */
const difference = (page, a, b) => page.evaluate(async ([one, other]) => {
  const pixels = async (text) => {
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(image.width, image.height);
    const drawing = canvas.getContext("2d");
    drawing.drawImage(image, 0, 0);
    return drawing.getImageData(0, 0, image.width, image.height);
  };
  const [x, y] = [await pixels(one), await pixels(other)];
  if (x.width !== y.width || Math.abs(x.height - y.height) > 40) {
    return 1;
  }
  const length = Math.min(x.data.length, y.data.length);
  let different = 0;
  for (let i = 0; i < length; i += 4) {
    different += Math.abs(x.data[i] - y.data[i]) + Math.abs(x.data[i + 1] - y.data[i + 1]) + Math.abs(x.data[i + 2] - y.data[i + 2]) > 120 ? 1 : 0;
  }
  return different / (length / 4);
}, [a.toString("base64"), b.toString("base64")]);

/** A picture in made/; one of the same name in screenshots/ is what it is compared with. */
export async function picture(page, name, { compare = true } = {}) {
  mkdirSync(MADE, { recursive: true });
  const file = new URL(`${name}.png`, KEPT);
  const made = await page.screenshot({ path: new URL(`${name}.png`, MADE).pathname });
  if (process.env.UPDATE && compare) {
    mkdirSync(KEPT, { recursive: true });
    writeFileSync(file, made);
  } else if (compare) {
    assert.ok(existsSync(file), `there is no ${name}.png in e2e-tests/page/screenshots to compare with: run --update`);
    const part = await difference(page, readFileSync(file), made);
    assert.ok(part <= MOST_DIFFERENT, `${name}: ${(part * 100).toFixed(1)} % of the pixels differ; see made/${name}.png`);
  }
}
