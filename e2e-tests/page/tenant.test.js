// What a tenant does with the page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { API, KEY, LIMITED_KEY, onPage, open, ONE, picture, signIn, sound } from "./browser.js";

const HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>';

const lastAnswer = (page) => page.locator(".turn.assistant").last();

async function answered(page) {
  await page.locator(".answer:not([aria-busy])").last().waitFor();
  await page.getByRole("button", { name: "Send", exact: true }).waitFor();
}

async function ask(page, text) {
  await page.locator(".composer textarea").fill(text);
  await page.keyboard.press("Enter");
}

async function details(page, name) {
  await page.locator(".parameters summary", { hasText: name }).last().click();
}

test("a key is asked for, refused when it is wrong, and gone with the page", async () => {
  await onPage(API, {}, async (page) => {
    await page.getByRole("heading", { name: "A tenant's key" }).waitFor();
    await sound(page, "the question for a key");
    await picture(page, "key-light");
    await signIn(page, "rk-wrong");
    await page.getByText("this API key is not valid").waitFor();
    await signIn(page, KEY);
    await page.locator(".composer").waitFor();
    assert.equal(await page.evaluate(() => Object.keys(localStorage).concat(Object.keys(sessionStorage), document.cookie).join("")), "");
    await page.reload();
    await page.getByRole("heading", { name: "A tenant's key" }).waitFor();
  });
});

test("a key is remembered when that is asked for, until it is forgotten", async () => {
  await onPage(API, {}, async (page) => {
    await page.locator("main").getByLabel("API key").fill(KEY);
    await page.getByLabel("Remember it in this browser").check();
    await page.getByRole("button", { name: "Use this key" }).click();
    await page.locator(".composer").waitFor();
    await page.reload();
    await page.locator(".composer").waitFor();
    await page.getByRole("button", { name: "Keys" }).click();
    await sound(page, "the dialog of keys");
    await page.getByRole("button", { name: "Forget" }).click();
    await page.keyboard.press("Escape");
    assert.equal(await page.evaluate(() => localStorage.getItem("realm.key.tenant")), null);
    await page.getByRole("heading", { name: "A tenant's key" }).waitFor();
  });
});

test("a chat streams, goes on, is stopped and cleared", async () => {
  await onPage(API, {}, async (page) => {
    await signIn(page, KEY);
    await picture(page, "playground-light");
    await page.getByLabel("Temperature").fill("0");
    await page.getByLabel("Most tokens").fill("20");
    await ask(page, "What is the capital of France?");
    await answered(page);
    assert.match(await lastAnswer(page).innerText(), /Paris/);
    assert.match(await lastAnswer(page).locator(".facts").innerText(), /tokens · .*first after/);
    await ask(page, "And of Italy?");
    await answered(page);
    assert.equal(await page.locator(".turn.user").count(), 2);
    await sound(page, "a chat");
    await page.getByLabel("Most tokens").fill("2000");
    await ask(page, "Write a very long story about the sea.");
    await page.waitForFunction(() => [...document.querySelectorAll(".turn.assistant .text")].at(-1).textContent.length > 40);
    await page.getByRole("button", { name: "Stop" }).click();
    await answered(page);
    assert.match(await lastAnswer(page).locator(".facts").innerText(), /stopped/);
    await page.getByRole("button", { name: "Clear" }).click();
    assert.equal(await page.locator(".turn").count(), 0);
  });
});

test("what a model says is text, whatever it says", async () => {
  await onPage(API, {}, async (page) => {
    await signIn(page, KEY);
    await details(page, "More");
    await page.getByLabel("Further parameters, as JSON").fill(JSON.stringify({ guided_choice: [HOSTILE] }));
    await ask(page, `Say ${HOSTILE}`);
    await answered(page);
    assert.equal(await lastAnswer(page).locator(".text").last().innerText(), HOSTILE);
    assert.equal(await page.locator("main img, main script, main iframe").count(), 0);
    await page.locator(".parameters summary", { hasText: "Log-probabilities" }).click();
    await page.getByLabel("Show how likely each token was").check();
    await ask(page, "Once more");
    await answered(page);
    assert.equal(await page.locator("main img, main script, main iframe").count(), 0);
  });
});

test("log-probabilities are colour, words and alternatives, by keyboard too", async () => {
  await onPage(API, {}, async (page) => {
    await signIn(page, KEY);
    await page.getByLabel("Temperature").fill("0");
    await page.getByLabel("Most tokens").fill("24");
    await details(page, "Log-probabilities");
    await page.getByLabel("Show how likely each token was").check();
    await ask(page, "Name three colours of the rainbow.");
    await answered(page);
    const tokens = page.locator(".token");
    assert.ok(await tokens.count() > 5);
    assert.match(await tokens.first().getAttribute("aria-label"), /, (\d|below)/);
    await tokens.first().focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    assert.equal(await page.locator(".token-details tbody tr").count(), 5);
    assert.ok(await tokens.nth(2).evaluate((t) => t === document.activeElement));
    await sound(page, "log-probabilities");
    await picture(page, "log-probabilities-light", { compare: false });
    await page.getByText("Completion", { exact: true }).click();
    await ask(page, "The capital of France is");
    await answered(page);
    assert.ok(await tokens.count() > 3);
  });
});

test("a schema is held, and a mistake in it is told", async () => {
  await onPage(API, {}, async (page) => {
    await signIn(page, KEY);
    await details(page, "Stops and format");
    await page.getByLabel("Format").selectOption("json_schema");
    await page.getByLabel("Schema").fill("{");
    await ask(page, "A city, please.");
    await page.getByText("The schema is not JSON").waitFor();
    await page.getByLabel("Schema").fill('{"type":"object","properties":{"city":{"enum":["Paris","Rome"]}},"required":["city"],"additionalProperties":false}');
    await page.keyboard.press("Tab");
    await ask(page, "A city, please.");
    await answered(page);
    assert.ok(["Paris", "Rome"].includes(JSON.parse(await lastAnswer(page).locator(".text").last().innerText()).city));
  });
});

test("a tool is called, and its result is answered", async () => {
  await onPage(API, {}, async (page) => {
    await signIn(page, KEY);
    await details(page, "Tools");
    await page.getByLabel("Tools, as JSON").fill(JSON.stringify([{ type: "function", function: { name: "weather", parameters: { type: "object",
      properties: { city: { enum: ["Oslo"] } }, required: ["city"], additionalProperties: false } } }]));
    await page.getByLabel("Choice").selectOption("required");
    await ask(page, "How is the weather in Oslo?");
    await answered(page);
    assert.equal(await page.locator(".call h3").innerText(), "weather");
    assert.deepEqual(JSON.parse(await page.locator(".call pre").innerText()), { city: "Oslo" });
    await page.getByLabel("Choice").selectOption("none");
    await page.getByLabel("Most tokens").fill("20");
    await page.getByLabel("Result").fill('{"degrees": 3}');
    await sound(page, "a call of a tool");
    await page.getByRole("button", { name: "Send results" }).click();
    await page.waitForFunction(() => document.querySelectorAll(".turn.assistant").length === 2);
    await answered(page);
    assert.ok((await lastAnswer(page).locator(".text").last().innerText()).length > 0);
    assert.equal(await page.locator(".error").count(), 0);
  });
});

test("a request is shown for curl and Python, without the key", async () => {
  await onPage(API, {}, async (page) => {
    await signIn(page, KEY);
    await page.locator(".composer textarea").fill("It's a \"quoted\" $HOME");
    await page.getByRole("button", { name: "Copy as code" }).click();
    const code = page.getByLabel("The request");
    const curl = await code.inputValue();
    assert.match(curl, /^curl -N '.*\/v1\/chat\/completions'/);
    assert.ok(curl.includes("It'\\''s a \\\"quoted\\\" $HOME") && curl.includes("$REALM_KEY"));
    await page.getByText("Python", { exact: true }).click();
    const python = await code.inputValue();
    assert.ok(python.includes("client.chat.completions.create(") && python.includes("stream=True"));
    assert.ok(!curl.includes(KEY) && !python.includes(KEY));
    await sound(page, "the request as code");
  });
});

test("usage and limits are shown", async () => {
  await onPage(ONE, {}, async (page) => {
    await signIn(page, LIMITED_KEY);
    await page.getByLabel("Most tokens").fill("8");
    await ask(page, "Hello");
    await answered(page);
    await open(page, "Usage");
    await page.getByRole("heading", { name: "Tokens a day" }).waitFor();
    assert.match(await page.locator(".tile").first().innerText(), /Requests\s*1/);
    assert.match(await page.locator(".tile").last().innerText(), /Cost\s*0\.\d\d EUR/);
    assert.match(await page.locator(".meter-row").first().innerText(), /\d of 60/);
    assert.match(await page.locator(".meter-row").last().innerText(), /[1-9]\d* of 20,000/);
    await page.getByText("7 days").click();
    await sound(page, "usage");
    await picture(page, "usage-light", { compare: false });
  });
});

test("the tenant's guest is shown, and its name is text", async () => {
  await onPage(API, {}, async (page) => {
    await signIn(page, KEY);
    await open(page, "Guests");
    await page.getByText("Acme <img src=x onerror=window.hacked=1>").waitFor();
    await page.getByRole("heading", { name: "Log", exact: true }).waitFor();
    await sound(page, "guests");
  });
});

test("a file is uploaded, run as a batch, and its results are taken", async () => {
  await onPage(API, {}, async (page) => {
    await signIn(page, KEY);
    await open(page, "Files and batches");
    const line = JSON.stringify({ custom_id: "1", method: "POST", url: "/v1/chat/completions", body: { messages: [{ role: "user", content: "Hi" }], max_tokens: 5 } });
    await page.getByLabel("A file of requests").setInputFiles({ name: "<img src=x onerror=window.hacked=1>.jsonl", mimeType: "application/jsonl", buffer: Buffer.from(line) });
    await page.getByRole("button", { name: "Upload" }).click();
    await page.getByRole("button", { name: /^Run / }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Run", exact: true }).click();
    await page.getByText("completed", { exact: true }).waitFor({ timeout: 60_000 });
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Results" }).click()]);
    assert.match(download.suggestedFilename(), /^batch.*-output\.jsonl$/);
    await sound(page, "files");
    await picture(page, "files-light", { compare: false });
    await page.getByRole("button", { name: /^Delete <img/ }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByRole("button", { name: /^Run / }).waitFor({ state: "detached" });
  });
});

test("everything works in a window of 360 pixels, dark, and by keyboard", async () => {
  await onPage(API, { viewport: { width: 360, height: 740 }, colorScheme: "dark" }, async (page) => {
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
    await signIn(page, KEY);
    await page.locator(".composer").waitFor();
    await sound(page, "the playground at 360 pixels");
    await picture(page, "playground-360-dark");
    for (const name of ["Usage", "Guests", "Files and batches", "Playground"]) {
      await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name }).focus();
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.waitForTimeout(300);
      await sound(page, `${name} at 360 pixels`);
      await picture(page, `${name.split(" ")[0].toLowerCase()}-360-dark`, { compare: name === "Playground" });
    }
    await page.getByRole("button", { name: "Light or dark" }).click();
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "light");
    await sound(page, "light at 360 pixels");
  });
});
