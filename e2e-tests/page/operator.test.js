// What the operator does with the page, on the management listener and where all is on one port.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ADMIN_KEY, API, LIMITED_KEY, MANAGEMENT, ONE, onPage, open, picture, signIn, sound } from "./browser.js";

const HOSTILE = "<img src=x onerror=window.hacked=1>";

test("each listener's page has what the listener serves", async () => {
  const views = (page) => page.getByRole("navigation", { name: "Views" }).getByRole("link").allInnerTexts();
  const tenant = ["Playground", "Usage", "Guests", "Files and batches"];
  const operator = ["Tenants", "Models", "Live", "Audit"];
  await onPage(API, {}, async (page) => {
    await page.getByRole("heading", { name: "A tenant's key" }).waitFor();
    assert.deepEqual(await views(page), tenant);
  });
  await onPage(MANAGEMENT, {}, async (page) => {
    await page.getByRole("heading", { name: "The admin's key" }).waitFor();
    assert.deepEqual(await views(page), operator);
    assert.equal(await page.getByRole("link", { name: "Playground" }).getAttribute("href"), `${API}/`);
  });
  await onPage(ONE, {}, async (page) => {
    await page.getByRole("heading", { name: "A tenant's key" }).waitFor();
    assert.deepEqual(await views(page), [...tenant, ...operator]);
  });
});

for (const [where, url] of [["the management listener", MANAGEMENT], ["one port", ONE]]) {
  test(`a tenant is made, changed, suspended and removed on ${where}`, async () => {
    await onPage(`${url}/#tenants`, {}, async (page) => {
      await signIn(page, ADMIN_KEY);
      await page.getByText(HOSTILE).first().waitFor();
      await sound(page, "tenants");
      await picture(page, url === ONE ? "tenants-one-port-light" : "tenants-light");
      await page.getByRole("button", { name: "New tenant" }).click();
      const form = page.getByRole("dialog");
      await form.getByLabel("Id").fill("new-one");
      await form.getByLabel("Name").fill(HOSTILE);
      await form.getByLabel("Requests a minute").fill("7");
      await sound(page, "the form of a tenant");
      await form.getByRole("button", { name: "Create" }).click();
      const key = await page.getByRole("textbox", { name: "The new key" }).inputValue();
      assert.match(key, /^rk-/);
      await page.getByRole("button", { name: "Close" }).click();
      assert.ok(!(await page.content()).includes(key), "a key is shown once");

      await page.getByRole("button", { name: "new-one" }).click();
      await page.getByRole("heading", { name: "new-one" }).waitFor();
      await sound(page, "a tenant");
      await page.getByRole("button", { name: "Edit" }).click();
      await page.getByRole("dialog").getByLabel("Requests a minute").fill("-1");
      await page.getByRole("dialog").getByLabel("Requests a minute").fill("9");
      await page.getByRole("button", { name: "Save" }).click();
      await page.getByRole("dialog").waitFor({ state: "detached" });
      await page.getByRole("button", { name: "New key" }).click();
      await page.getByRole("dialog").getByLabel("Name").fill(HOSTILE);
      await page.getByRole("dialog").getByLabel("Ends on").fill("2099-01-31");
      await page.getByRole("dialog").getByLabel("The keys that there are").selectOption("86400");
      await sound(page, "the form of a key");
      await page.getByRole("button", { name: "Make it" }).click();
      assert.notEqual(await page.getByRole("textbox", { name: "The new key" }).inputValue(), key);
      await page.getByRole("button", { name: "Close" }).click();
      await page.getByRole("button", { name: /^Remove [0-9a-f]|^Remove sha/ }).first().click();
      await page.getByRole("dialog").getByRole("button", { name: "Remove", exact: true }).click();
      await page.getByText("The key is removed.").waitFor();
      await page.getByRole("button", { name: "Suspend" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "Suspend" }).click();
      await page.getByText("suspended", { exact: true }).waitFor();
      await page.getByRole("button", { name: "Remove", exact: true }).first().click();
      await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
      await page.getByRole("heading", { name: "Tenants" }).waitFor();
      assert.equal(await page.getByRole("button", { name: "new-one" }).count(), 0);
    });
  });
}

test("a change of somebody else's in between is told and not overwritten", async () => {
  await onPage(`${MANAGEMENT}/#tenants`, {}, async (page, context) => {
    await signIn(page, ADMIN_KEY);
    await page.getByRole("button", { name: "limited" }).click();
    await page.getByRole("button", { name: "Edit" }).click();
    const patched = await context.request.patch(`${MANAGEMENT}/admin/tenants/limited`, { headers: { Authorization: `Bearer ${ADMIN_KEY}` }, data: { name: "meanwhile" } });
    assert.equal(patched.status(), 200);
    await page.getByRole("dialog").getByLabel("Name").fill("mine");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("dialog").getByRole("alert").waitFor();
    const now = await (await context.request.get(`${MANAGEMENT}/admin/tenants/limited`, { headers: { Authorization: `Bearer ${ADMIN_KEY}` } })).json();
    assert.equal(now.name, "meanwhile");
    await context.request.patch(`${MANAGEMENT}/admin/tenants/limited`, { headers: { Authorization: `Bearer ${ADMIN_KEY}` }, data: { name: "limited" } });
  });
});

test("a version of a guest is pushed, staged, shared and made active again, and its log is read", async () => {
  await onPage(`${MANAGEMENT}/#tenants`, {}, async (page, context) => {
    await signIn(page, ADMIN_KEY);
    await page.getByRole("button", { name: "limited" }).click();
    for (const [staged, version] of [[false, 1], [true, 2]]) {
      await page.getByRole("button", { name: "Push a version" }).click();
      await page.getByLabel("Module or script").setInputFiles({ name: "guest.js", mimeType: "text/javascript",
        buffer: Buffer.from(`function generate(prompt) { console.log("<img src=x onerror=window.hacked=1> ${version}"); return "said by ${version}"; }`) });
      if (staged) {
        await page.getByLabel(/^Staged/).check();
      }
      await sound(page, "the form of a version");
      await page.getByRole("dialog").getByRole("button", { name: "Push" }).click();
      // The first script of a server waits for the engine of all scripts to be compiled.
      await page.getByRole("dialog").waitFor({ state: "detached", timeout: 90_000 });
    }
    await page.getByRole("button", { name: "Share the requests" }).click();
    await page.getByRole("spinbutton", { name: "Version 1" }).fill("40");
    await page.getByRole("spinbutton", { name: "Version 2" }).fill("60");
    await page.getByRole("dialog").getByRole("button", { name: "Share" }).click();
    await page.getByText("60 %").waitFor();
    await page.getByRole("button", { name: "Make active: version 2" }).click();
    await page.getByText("Version 2 is active.").waitFor();
    const answer = await context.request.post(`${API}/v1/chat/completions`, { headers: { Authorization: `Bearer ${LIMITED_KEY}` },
      data: { messages: [{ role: "user", content: "Hi" }] } });
    assert.equal(answer.status(), 200);
    await page.getByRole("button", { name: "Show the log" }).click();
    await page.getByText("<img src=x onerror=window.hacked=1> 2").waitFor();
    await sound(page, "a tenant with versions");
    await picture(page, "tenant-light", { compare: false });
  });
  await onPage(`${API}/#guests`, {}, async (page) => {
    await signIn(page, LIMITED_KEY);
    await page.getByText("<img src=x onerror=window.hacked=1> 2").waitFor();
    await sound(page, "guests with a log");
    await picture(page, "guests-light", { compare: false });
  });
});

test("a model is loaded and unloaded", async () => {
  await onPage(`${MANAGEMENT}/#models`, {}, async (page) => {
    await signIn(page, ADMIN_KEY);
    await page.getByRole("button", { name: "Load encoder" }).click();
    await page.getByRole("button", { name: "Unload encoder" }).waitFor();
    await sound(page, "models");
    await picture(page, "models-light", { compare: false });
    await page.getByRole("button", { name: "Unload encoder" }).click();
    await page.getByRole("button", { name: "Load encoder" }).waitFor();
  });
});

test("charts move with the load, and the audit trail is shown", async () => {
  await onPage(`${ONE}/#live`, { colorScheme: "dark" }, async (page, context) => {
    await signIn(page, ADMIN_KEY);
    await page.getByRole("heading", { name: "Tokens a second" }).waitFor();
    for (let i = 0; i < 3; i++) {
      const answer = await context.request.post(`${ONE}/v1/chat/completions`, { headers: { Authorization: `Bearer ${process.env.REALM_KEY}` },
        data: { messages: [{ role: "user", content: "Count to ten." }], max_tokens: 40 } });
      assert.equal(answer.status(), 200);
    }
    await page.waitForFunction(() => [...document.querySelectorAll(".chart title")].some((t) => /generated (?!–|0)[\d.]/.test(t.textContent)));
    await sound(page, "live charts");
    await picture(page, "live-dark", { compare: false });
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Go on" }).waitFor();
    await open(page, "Audit");
    await page.getByRole("heading", { name: "Audit" }).waitFor();
    await page.getByText("tenant.create").or(page.getByText("new-one")).first().waitFor();
    await page.getByText("Details", { exact: true }).nth(1).click();
    await sound(page, "audit");
    await picture(page, "audit-dark", { compare: false });
  });
});

test("the operator's views work in a window of 360 pixels, dark", async () => {
  await onPage(`${MANAGEMENT}/#tenants`, { viewport: { width: 360, height: 740 }, colorScheme: "dark" }, async (page) => {
    await signIn(page, ADMIN_KEY);
    for (const name of ["Tenants", "Models", "Live", "Audit"]) {
      await open(page, name);
      await page.getByRole("heading", { level: 1, name }).waitFor();
      await page.waitForTimeout(300);
      await sound(page, `${name} at 360 pixels`);
      await picture(page, `${name.toLowerCase()}-360-dark`, { compare: false });
    }
    await open(page, "Tenants");
    await page.getByRole("button", { name: "acme" }).click();
    await page.getByRole("heading", { name: "acme" }).waitFor();
    await sound(page, "a tenant at 360 pixels");
    await page.getByRole("button", { name: "Edit" }).click();
    await sound(page, "the form of a tenant at 360 pixels");
  });
});
