/// <reference path="../../sdk/javascript/realm.d.ts" />
// Chooses the model by what the question is about. Setting encoder: the encoder's number; setting routes, as JSON: for each model's number
// an example of what it is asked. The vectors of the examples are made once and kept for an hour.
function vectorOf(text, encoder) {
  const key = `route/${text}`;
  const known = realm.kv.get(key);
  if (known !== null) return JSON.parse(known);
  const vector = realm.embed(text, encoder);
  realm.kv.put(key, JSON.stringify(vector), 3600);
  return vector;
}

function generate(prompt) {
  const encoder = Number(realm.setting("encoder"));
  const question = realm.embed(realm.request().messages.at(-1).content, encoder);
  let model = 0;
  let best = -2;
  for (const [number, example] of Object.entries(JSON.parse(realm.setting("routes")))) {
    const cosine = vectorOf(example, encoder).reduce((sum, x, i) => sum + x * question[i], 0);
    if (cosine > best) [model, best] = [Number(number), cosine];
  }
  return realm.generate(prompt, { model });
}
