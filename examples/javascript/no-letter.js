// A word game: an answer without the letters of the setting "letters" (e, if there is none). The mask is what a regular expression
// allows, which the host makes in no time; it stays on for the whole answer.
function generate(prompt) {
  const letters = realm.setting("letters") ?? "e";
  const all = (letters.toLowerCase() + letters.toUpperCase()).replace(/[\\\]^-]/g, "\\$&");
  const text = realm.open();
  text.feed(prompt, { special: true });
  text.grammar(realm.grammar("regex", `[^${all}]*`));
  const bits = text.allowed();
  text.grammar(null);
  text.mask(bits, true);
  return text.generate(64);
}
