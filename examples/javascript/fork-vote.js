// Self-consistency: several forks think aloud, and the answer that most of them end with is given.
function generate(prompt) {
  const n = Number(realm.setting("n") ?? 5);
  const root = realm.open({ temperature: 0.9 });
  root.feed(prompt, { special: true });
  root.top(1);
  const forks = Array.from({ length: n }, () => root.fork());
  forks.forEach((f) => f.start(64));
  const votes = new Map();
  for (const fork of forks) {
    const answer = fork.text().match(/[\p{L}\p{N}]+/gu)?.at(-1) ?? "";
    votes.set(answer, (votes.get(answer) ?? 0) + 1);
  }
  return [...votes].sort((a, b) => b[1] - a[1])[0][0];
}
