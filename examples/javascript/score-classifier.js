// Classifies without generating: each label of the setting "labels" is scored as what would come next, and the likeliest is given.
function generate(prompt) {
  const labels = (realm.setting("labels") ?? "yes,no").split(",").map((l) => l.trim());
  const text = realm.open();
  text.feed(prompt, { special: true });
  const scores = labels.map((label) => text.score(label).reduce((sum, p) => sum + p, 0));
  const all = scores.reduce((sum, s) => sum + Math.exp(s), 0);
  const best = scores.indexOf(Math.max(...scores));
  return JSON.stringify({ label: labels[best], probability: Math.round((Math.exp(scores[best]) / all) * 1000) / 1000 });
}
