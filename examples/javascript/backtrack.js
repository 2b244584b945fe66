// Takes back what fails a check: when the answer comes to hold a word of the setting "banned", the word's tokens never were, and
// the first of them may not come there again. Text goes to the client only when it is sure.
let banned = [];
let tokens = []; // of what may still be taken back

function onStep(seq, more) {
  tokens.push(...more);
  const text = tokens.map((t) => t.text).join("").toLowerCase();
  const word = banned.find((w) => text.includes(w));
  if (word) {
    let first = tokens.length;
    for (let length = 0; length <= text.length - text.indexOf(word) - 1; first--) length += tokens[first - 1].text.length;
    seq.rollback(tokens.length - first);
    const others = seq.allowed();
    others[tokens[first].id >> 5] &= ~(1 << (tokens[first].id & 31));
    seq.mask(others);
    tokens.length = first;
    return realm.ROLLED_BACK;
  }
  const longest = Math.max(1, ...banned.map((w) => w.length));
  while (tokens.length > longest) realm.emit(tokens.shift().text);
  return realm.SWALLOW;
}

function generate(prompt) {
  banned = (realm.setting("banned") ?? "").split(",").map((w) => w.trim().toLowerCase()).filter(Boolean);
  realm.generate(prompt);
  return tokens.map((t) => t.text).join("");
}
