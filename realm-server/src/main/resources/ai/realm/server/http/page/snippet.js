// The same request for a terminal and for Python; the key is a variable there, never the key itself.

import { copyable, dialog, h, segments } from "./dom.js";

const base = () => new URL("v1", document.baseURI).href;

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

export function curl(path, body) {
  return [`curl -N ${quoted(`${base()}${path}`)}`, `-H "Authorization: Bearer $REALM_KEY"`, "-H 'Content-Type: application/json'",
    `-d ${quoted(JSON.stringify(body, null, 2))}`].join(" \\\n  ");
}

function literal(value, indent) {
  const inner = `${indent}    `;
  if (value === null || value === undefined) {
    return "None";
  }
  if (typeof value === "boolean") {
    return value ? "True" : "False";
  }
  if (Array.isArray(value)) {
    return value.length === 0 ? "[]" : `[\n${value.map((v) => inner + literal(v, inner)).join(",\n")},\n${indent}]`;
  }
  if (typeof value === "object") {
    const entries = Object.entries(value);
    return entries.length === 0 ? "{}" : `{\n${entries.map(([k, v]) => `${inner}${JSON.stringify(k)}: ${literal(v, inner)}`).join(",\n")},\n${indent}}`;
  }
  return JSON.stringify(value);
}

// What OpenAI's client takes by name; the rest goes into extra_body.
const NAMED = new Set(["model", "messages", "prompt", "max_tokens", "temperature", "top_p", "stop", "seed", "n", "stream", "stream_options",
  "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "response_format", "tools", "tool_choice", "parallel_tool_calls", "logit_bias"]);

export function python(path, body) {
  const named = Object.entries(body).filter(([name]) => NAMED.has(name));
  const other = Object.fromEntries(Object.entries(body).filter(([name]) => !NAMED.has(name)));
  const call = path === "/chat/completions" ? "chat.completions" : "completions";
  const given = named.map(([name, value]) => `    ${name}=${literal(value, "    ")},`);
  if (Object.keys(other).length > 0) {
    given.push(`    extra_body=${literal(other, "    ")},`);
  }
  const show = path === "/chat/completions" ? "chunk.choices[0].delta.content" : "chunk.choices[0].text";
  return `import os
from openai import OpenAI

client = OpenAI(base_url=${JSON.stringify(base())}, api_key=os.environ["REALM_KEY"])
stream = client.${call}.create(
${given.join("\n")}
)
for chunk in stream:
    if chunk.choices:
        print(${show} or "", end="", flush=True)
print()`;
}

/** The dialog with both. */
export function show(path, body) {
  const place = h("div", {});
  const render = (kind) => place.replaceChildren(copyable(kind === "curl" ? curl(path, body) : python(path, body), "The request"));
  dialog("This request elsewhere", segments("Language", [["curl", "curl"], ["python", "Python"]], "curl", render), place,
    h("p", { class: "help" }, "The key is taken from the variable REALM_KEY."));
  render("curl");
}
