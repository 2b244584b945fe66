// Free text, and in the middle of it a part that is JSON of a schema: the grammar is switched on for that part alone.
const schema = { type: "object", properties: { mood: { enum: ["good", "bad"] } }, required: ["mood"], additionalProperties: false };

function generate(prompt) {
  const text = realm.open();
  text.feed(prompt, { special: true });
  const before = text.generate(16);
  text.feed("\nMood: ");
  text.grammar(realm.grammar("json", schema));
  const json = text.generate(64);
  text.grammar(null);
  text.feed("\n");
  return `${before}\nMood: ${json}\n${text.generate(16)}`;
}
