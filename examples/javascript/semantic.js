/// <reference path="../../sdk/javascript/realm.d.ts" />
// Answers from the notes nearest to the question in meaning. Setting encoder: the number of an encoder among the tenant's models.
// Notes come as messages that begin with "remember:".
function generate() {
  const encoder = Number(realm.setting("encoder"));
  const question = realm.request().messages.at(-1).content;
  const note = /^remember:\s*(.+)/s.exec(question);
  if (note) {
    const id = realm.kv.add("notes");
    realm.kv.set(`note/${id}`, note[1]);
    realm.kv.setVector(`vector/${id}`, realm.embed(note[1], encoder));
    return "Noted.";
  }
  const near = realm.kv.search("vector/", realm.embed(question, encoder), 3).filter((n) => n.cosine > 0.3);
  const notes = near.map((n) => realm.kv.get(n.key.replace("vector", "note")));
  const system = { role: "system", content: `Answer from these notes:\n${notes.join("\n")}` };
  return realm.generate(realm.render(notes.length ? [system, ...realm.request().messages] : realm.request()));
}
