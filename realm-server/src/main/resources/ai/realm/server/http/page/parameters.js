// The parameters of a request: a form, and the JSON that it stands for.

import { check, field, h, select } from "./dom.js";

const NUMBERS = [
  ["max_tokens", "Most tokens", { min: 1, step: 1, placeholder: "what is left" }],
  ["temperature", "Temperature", { min: 0, max: 2, step: 0.05, placeholder: "1" }],
  ["top_p", "Top p", { min: 0.01, max: 1, step: 0.01, placeholder: "1" }],
  ["top_k", "Top k", { min: 0, step: 1, placeholder: "off" }],
  ["min_p", "Min p", { min: 0, max: 1, step: 0.01, placeholder: "0" }],
  ["seed", "Seed", { step: 1, placeholder: "random" }],
  ["frequency_penalty", "Frequency penalty", { min: -2, max: 2, step: 0.1, placeholder: "0" }],
  ["presence_penalty", "Presence penalty", { min: -2, max: 2, step: 0.1, placeholder: "0" }],
];

const TOOLS = `[
  {
    "type": "function",
    "function": {
      "name": "get_weather",
      "description": "The weather of a city",
      "parameters": {
        "type": "object",
        "properties": { "city": { "type": "string" } },
        "required": ["city"]
      }
    }
  }
]`;

const SCHEMA = `{
  "type": "object",
  "properties": {
    "name": { "type": "string" },
    "population": { "type": "integer" }
  },
  "required": ["name", "population"]
}`;

/** JSON that was typed; undefined when the field is empty. */
function json(area, what) {
  const text = area.value.trim();
  if (text === "") {
    return undefined;
  }
  try {
    return JSON.parse(text);
  } catch (e) {
    area.closest("details")?.setAttribute("open", "");
    area.focus();
    throw new Error(`${what} is not JSON: ${e.message}`);
  }
}

const code = (placeholder) => h("textarea", { class: "code", rows: 6, spellcheck: "false", placeholder });

export class Parameters {
  /** @param models names, the default first */
  constructor(models) {
    this.model = select(models.map((m) => [m]), models[0]);
    this.system = h("textarea", { rows: 3, placeholder: "None" });
    this.numbers = NUMBERS.map(([name, label, attributes]) => ({ name, input: h("input", { type: "number", inputmode: "decimal", ...attributes }), label }));
    this.numbers[0].input.value = "256";
    this.numbers[1].input.value = "0.7";
    this.stop = h("textarea", { rows: 2, placeholder: "One a line" });
    this.format = select([["text", "Text"], ["json_object", "JSON"], ["json_schema", "JSON of a schema"]], "text", { change: () => this.shown() });
    this.schema = code(SCHEMA);
    this.tools = code(TOOLS);
    this.choice = select([["auto"], ["required"], ["none"]], "auto");
    this.logprobs = check("Show how likely each token was", {});
    this.top = h("input", { type: "number", min: 0, max: 20, step: 1, value: 5 });
    this.other = code('{"repetition_penalty": 1.1}');
    this.schemaField = field("Schema", this.schema);
    this.systemField = field("System message", this.system);
    this.toolsPart = h("details", {}, h("summary", {}, "Tools"), field("Tools, as JSON", this.tools), field("Choice", this.choice));
    this.element = h("form", { class: "card parameters", submit: (e) => e.preventDefault(), "aria-label": "Parameters" },
      h("details", { open: matchMedia("(min-width: 900px)").matches, class: "outer" }, h("summary", {}, h("h2", {}, "Parameters")),
        field("Model", this.model), this.systemField,
        h("div", { class: "pair" }, this.numbers.map((n) => field(n.label, n.input))),
        h("details", {}, h("summary", {}, "Stops and format"), field("Stop at", this.stop), field("Format", this.format), this.schemaField),
        this.toolsPart,
        h("details", {}, h("summary", {}, "Log-probabilities"), this.logprobs.element, field("Alternatives", this.top)),
        h("details", {}, h("summary", {}, "More"), field("Further parameters, as JSON", this.other, "Any of the API's; they win over those above."))));
    this.shown();
  }

  /** Shows what the mode has. */
  mode(chat) {
    this.systemField.hidden = !chat;
    this.toolsPart.hidden = !chat;
  }

  shown() {
    this.schemaField.hidden = this.format.value !== "json_schema";
  }

  /** @returns the request's fields beside messages and prompt; throws what is wrong with them */
  body(chat) {
    const body = { model: this.model.value };
    for (const { name, input, label } of this.numbers) {
      if (!input.checkValidity()) {
        input.reportValidity();
        throw new Error(`${label}: ${input.validationMessage}`);
      }
      if (input.value !== "") {
        body[name] = Number(input.value);
      }
    }
    const stops = this.stop.value.split("\n").filter((line) => line !== "");
    if (stops.length > 0) {
      body.stop = stops;
    }
    this.shape(body, chat);
    if (this.logprobs.box.checked) {
      const top = Math.min(20, Math.max(0, Number(this.top.value) || 0));
      Object.assign(body, chat ? { logprobs: true, top_logprobs: top } : { logprobs: top });
    }
    const other = json(this.other, "What stands in further parameters");
    if (other !== undefined && (typeof other !== "object" || other === null || Array.isArray(other))) {
      throw new Error("Further parameters are an object.");
    }
    return { ...body, stream: true, stream_options: { include_usage: true }, ...other };
  }

  shape(body, chat) {
    if (this.format.value === "json_object") {
      body.response_format = { type: "json_object" };
    } else if (this.format.value === "json_schema") {
      const schema = json(this.schema, "The schema");
      if (schema === undefined) {
        throw new Error("A schema is needed for JSON of a schema.");
      }
      body.response_format = { type: "json_schema", json_schema: { name: "answer", schema } };
    }
    const tools = chat ? json(this.tools, "What stands in tools") : undefined;
    if (tools !== undefined) {
      body.tools = tools;
      body.tool_choice = this.choice.value;
    }
  }
}
