// Answers from the tenant's store: notes whose key is a word of the question go before it, rendered as the model's template wants.
function generate() {
  const { messages = [] } = realm.request();
  const question = String(messages.at(-1)?.content ?? "");
  const words = new Set(question.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []);
  const notes = [...words].slice(0, 32).map((w) => realm.kv.get(`note/${w}`)).filter((n) => n !== null);
  const system = { role: "system", content: `Answer from these notes:\n${notes.join("\n")}` };
  return realm.generate(realm.render(notes.length > 0 ? [system, ...messages] : messages));
}
