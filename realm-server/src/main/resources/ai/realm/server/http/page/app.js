// The frame: which views there are, which one is shown, keys, light and dark.

import { h, button, say } from "./dom.js";
import { ApiError } from "./api.js";
import { askFor, key, manage, onKey } from "./keys.js";
import { playground } from "./playground.js";
import { usage } from "./usage.js";
import { guests } from "./guests.js";
import { files } from "./files.js";
import { tenants } from "./tenants.js";
import { models } from "./models.js";
import { live } from "./live.js";
import { audit } from "./audit.js";

// Name, title, whose key, what shows it.
const VIEWS = [
  ["playground", "Playground", "tenant", playground],
  ["usage", "Usage", "tenant", usage],
  ["guests", "Guests", "tenant", guests],
  ["files", "Files and batches", "tenant", files],
  ["tenants", "Tenants", "admin", tenants],
  ["models", "Models", "admin", models],
  ["live", "Live", "admin", live],
  ["audit", "Audit", "admin", audit],
].map(([name, title, kind, show]) => ({ name, title, kind, show }));

const main = document.getElementById("main");
const nav = document.getElementById("nav");
let about = { api: false, admin: false };
let leave = null;
let shown = null;

const offered = () => VIEWS.filter((v) => (v.kind === "admin" ? about.admin : about.api));

function theme() {
  const root = document.documentElement;
  try {
    root.dataset.theme = localStorage.getItem("realm.theme") ?? "system";
  } catch {
    root.dataset.theme = "system";
  }
  const dark = () => (root.dataset.theme === "system" ? matchMedia("(prefers-color-scheme: dark)").matches : root.dataset.theme === "dark");
  return button("◐", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    try {
      localStorage.setItem("realm.theme", root.dataset.theme);
    } catch {
      // Then it lasts as long as the page.
    }
    say(`${root.dataset.theme === "dark" ? "Dark" : "Light"} colours.`);
  }, { class: "quiet icon", "aria-label": "Light or dark", title: "Light or dark" });
}

/** Runs a view; a key that is missing or wrong becomes the question for one. */
async function open(view) {
  leave?.();
  leave = null;
  shown = view;
  document.title = `${view.title} · Realm`;
  for (const link of nav.querySelectorAll("a")) {
    if (link.dataset.view === view.name) {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest", inline: "nearest" });
    } else {
      link.removeAttribute("aria-current");
    }
  }
  const place = h("div", { class: `view ${view.name}` });
  main.replaceChildren(place);
  const stop = new AbortController();
  const end = () => stop.abort();
  leave = end;
  try {
    await view.show(place, stop.signal);
  } catch (e) {
    if (leave === end) {
      refused(place, view, e);
    }
  }
}

function refused(place, view, e) {
  if (e.name === "AbortError") {
    return;
  }
  const keyIsWrong = e instanceof ApiError && e.status === 401;
  place.replaceChildren(h("h1", {}, view.title), keyIsWrong
    ? askFor(view.kind, key(view.kind) ? e.message : null)
    : h("div", { class: "card" }, h("p", { class: "error", role: "alert" }, e.message), button("Try again", () => open(view))));
  if (!(e instanceof ApiError)) {
    throw e; // A fault of the page's own: the console has it.
  }
}

function route(focus) {
  const all = offered();
  const wanted = location.hash.slice(1).split("/")[0];
  if (wanted === "main") {
    main.focus();
    return;
  }
  open(all.find((v) => v.name === wanted) ?? all[0]);
  if (focus) {
    main.focus({ preventScroll: true });
  }
}

async function start() {
  const look = theme();
  try {
    about = await (await fetch("page/about.json", { cache: "no-store" })).json();
  } catch {
    main.replaceChildren(h("p", { class: "error", role: "alert" }, "The server cannot be reached."));
    return;
  }
  const all = offered();
  const kinds = [...new Set(all.map((v) => v.kind))];
  nav.replaceChildren(h("ul", {}, all.map((v) => h("li", { class: v.kind }, h("a", { href: `#${v.name}`, "data-view": v.name }, v.title)))));
  const beside = !about.api && about.api_port
    ? h("a", { class: "beside", href: `${location.protocol}//${location.hostname}:${about.api_port}/`, rel: "noreferrer" }, "Playground") : "";
  document.getElementById("bar-end").replaceChildren(beside, all.length ? button("Keys", () => manage(kinds), { class: "quiet" }) : "", look);
  if (all.length === 0) {
    main.replaceChildren(h("p", { class: "empty" }, "There is no admin API: set admin.key in realm.yaml, or REALM_ADMIN_KEY when the server starts."));
    return;
  }
  onKey((kind) => { if (shown?.kind === kind) { open(shown); } });
  window.addEventListener("hashchange", () => route(true));
  route(false);
}

start();
