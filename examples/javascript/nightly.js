/// <reference path="../../sdk/javascript/realm.d.ts" />
// Keeps what was asked for a week; every night, by guest_schedule: {summary: "0 3 * * *"}, the model sums it up, and answers know the summary.
function onSchedule(name) {
  const asked = [];
  let last = "";
  for (let page = realm.kv.list("asked/"); page.length > 0; page = realm.kv.list("asked/", last)) {
    last = page[page.length - 1];
    asked.push(...page.map((key) => realm.kv.get(key)));
  }
  if (asked.length === 0) return;
  const prompt = realm.render([{ role: "user", content: `Sum up in one sentence what people ask:\n${asked.join("\n")}` }]);
  realm.kv.set(name, realm.generate(prompt, { maxTokens: 64 }));
  console.log(`summed up ${asked.length} questions`);
}

function generate(prompt) {
  const request = realm.request();
  const question = request.messages.at(-1).content;
  realm.kv.put(`asked/${realm.kv.add("questions")}`, question, 7 * 24 * 3600);
  const summary = realm.kv.get("summary");
  if (summary === null) return realm.generate(prompt);
  const system = { role: "system", content: `What people usually ask: ${summary}` };
  return realm.generate(realm.render([system, ...request.messages]));
}
