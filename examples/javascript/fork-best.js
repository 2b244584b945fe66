// Best of n: the prompt is read once, forks go their own ways at the same time, and the one that the model finds likeliest wins.
function generate(prompt) {
  const n = Number(realm.setting("n") ?? 4);
  const root = realm.open({ temperature: 0.8, logProbs: 0 });
  root.feed(prompt, { special: true });
  root.top(1); // so that the prompt is computed before the forks share it
  const forks = Array.from({ length: n }, () => root.fork());
  forks.forEach((f) => f.start(48));
  let best = { score: -Infinity, text: "" };
  for (const fork of forks) {
    let text = "";
    let sum = 0;
    let count = 0;
    do {
      realm.wait([fork]);
      for (const t of fork.take()) {
        text += t.text;
        sum += t.logProb;
        count++;
      }
    } while (fork.info().state === "generating" || fork.info().untaken > 0);
    if (count > 0 && sum / count > best.score) best = { score: sum / count, text };
    fork.close();
  }
  return best.text;
}
