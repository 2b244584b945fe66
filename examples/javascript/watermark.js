// A watermark: which half of the tokens is preferred depends on the token before and on the setting "key". Whoever has the key counts
// how many tokens are of their half; a text without the mark has about a half of them.
let key = 0;

function green(previous, id) {
  let h = Math.imul(previous + 1, 0x9e3779b1) ^ Math.imul(id + 1, 0x85ebca6b) ^ key;
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return ((h ^ (h >>> 12)) & 1) === 1;
}

function onStep(seq, tokens) {
  const strength = Number(realm.setting("strength") ?? 2);
  if (tokens.length === 0) return realm.PASS;
  const likely = seq.top(32); // only what has a chance needs a bias
  seq.bias(Object.fromEntries(likely.filter((t) => green(tokens.at(-1).id, t.id)).map((t) => [t.id, strength])));
  return realm.PASS;
}

function generate(prompt) {
  key = Number(realm.setting("key") ?? 1);
  return realm.generate(prompt);
}
