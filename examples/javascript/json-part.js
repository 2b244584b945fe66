// Free text first, then a part that is JSON of a schema, whatever the model would rather write.
const schema = { type: "object", properties: { mood: { type: "string", enum: ["good", "bad"] } }, required: ["mood"], additionalProperties: false };

function generate(prompt) {
  const text = realm.generate(prompt, { stop: ["\n"], stream: false });
  const json = realm.generate(`${prompt}${text}\nMood as JSON: `, { jsonSchema: schema, stream: false });
  return `${text}\n${json}`;
}
