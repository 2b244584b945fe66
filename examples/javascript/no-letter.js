// A word game: an answer without the letters of the setting "letters" (e, if there is none). The mask stays on for the whole answer.

function generate(prompt) {
  const letters = (realm.setting("letters") ?? "e").toLowerCase();
  const bits = realm.mask((token) => ![...token.toLowerCase()].some((c) => letters.includes(c)));
  const text = realm.open();
  text.feed(prompt, { special: true });
  text.mask(bits, true);
  return text.generate(64);
}
