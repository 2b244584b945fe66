// Answers with one of the labels of the setting "labels", and how sure the model is: a grammar leaves it no other words.
function generate(prompt) {
  const labels = (realm.setting("labels") ?? "yes,no").split(",").map((l) => l.trim());
  const grammar = `root ::= ${labels.map((l) => JSON.stringify(l)).join(" | ")}`;
  const label = realm.generate(prompt, { grammar, temperature: 0, maxTokens: 16, logProbs: 0, stream: false });
  const sure = Math.exp(realm.tokens().reduce((sum, t) => sum + t.logProb, 0));
  return JSON.stringify({ label, probability: Math.round(sure * 1000) / 1000 });
}
