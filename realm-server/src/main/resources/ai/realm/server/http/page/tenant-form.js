// The form of a tenant: what it is called, what it may use.

import { field, h } from "./dom.js";

const LIMITS = [
  ["requests_per_minute", "Requests a minute", "0: no limit"],
  ["tokens_per_minute", "Tokens a minute", "0: no limit"],
  ["tokens_per_day", "Tokens a day", "0: no limit"],
  ["concurrent_requests", "Requests at the same time"],
  ["context_length", "Context, in tokens", "0: what the model can"],
  ["max_tokens", "Answer, in tokens"],
  ["deadline_seconds", "Seconds for a request"],
  ["body_bytes", "Bytes of a request"],
];

/**
 * The fields of a tenant.
 *
 * @param given the tenant as it is; null for a new one
 * @param models the names that may be granted
 * @returns element, and body(), which has what was changed
 */
export function tenantFields(given, models) {
  const id = h("input", { required: true, pattern: "[A-Za-z0-9][A-Za-z0-9._:\\-]*", maxlength: 64, spellcheck: "false", autocomplete: "off" });
  const name = h("input", { value: given?.name ?? "", autocomplete: "off" });
  const granted = new Set(given?.models ?? models);
  const boxes = [...new Set([...models, ...granted])].map((m) => h("label", { class: "check" }, h("input", { type: "checkbox", value: m, checked: granted.has(m) }), h("span", {}, m)));
  const weight = h("input", { type: "number", min: 0.001, step: "any", value: given?.weight ?? 1 });
  const numbers = LIMITS.map(([limit, label, help]) => ({ limit, input: h("input", { type: "number", min: 0, step: 1, value: given?.limits[limit] ?? "", placeholder: "as usual" }), label, help }));
  const element = h("div", {}, given ? null : field("Id", id, "For logs, shares and accounts; it cannot be changed."), field("Name", name),
    h("fieldset", {}, h("legend", {}, "Models"), boxes), h("div", { class: "pair" }, field("Weight", weight, "Share of the engine against others'."),
      numbers.map((n) => field(n.label, n.input, n.help))));

  const body = () => {
    const all = given ? {} : { id: id.value };
    if (name.value !== (given?.name ?? "")) {
      all.name = name.value;
    }
    const chosen = boxes.map((b) => b.querySelector("input")).filter((b) => b.checked).map((b) => b.value);
    if (chosen.length !== (given?.models ?? models).length || chosen.some((m) => !granted.has(m))) {
      all.models = chosen;
      if (given?.default_model && !chosen.includes(given.default_model)) {
        all.default_model = chosen[0];
      }
    }
    if (Number(weight.value) !== (given?.weight ?? 1)) {
      all.weight = Number(weight.value);
    }
    const changed = numbers.filter(({ limit, input }) => input.value !== "" && Number(input.value) !== given?.limits[limit]);
    if (changed.length > 0) {
      all.limits = Object.fromEntries(changed.map(({ limit, input }) => [limit, Number(input.value)]));
    }
    return all;
  };
  return { element, body };
}
