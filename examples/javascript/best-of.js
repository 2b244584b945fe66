// Generates three answers and gives the one that the model itself finds likeliest, token by token.
function generate(prompt) {
  let best = { score: -Infinity, text: "" };
  for (let seed = 1; seed <= 3; seed++) {
    const text = realm.generate(prompt, { seed, temperature: 0.8, logProbs: 0, stream: false });
    const tokens = realm.tokens();
    const score = tokens.reduce((sum, t) => sum + t.logProb, 0) / Math.max(1, tokens.length);
    if (score > best.score) best = { score, text };
  }
  return best.text;
}
