// Ends an answer in mid-stream when it begins to say what it must not, however its pieces are cut. The setting "blocked" has the
// words, with commas between them.
const words = () => (realm.setting("blocked") ?? "").split(",").map((w) => w.trim().toLowerCase()).filter(Boolean);
let blocked = null;
let held = "";
let stopped = false;

/** How much of the end of a text may be the beginning of a blocked word. */
function unsure(text) {
  const longest = Math.max(0, ...blocked.map((w) => w.length)) - 1;
  for (let n = Math.min(longest, text.length); n > 0; n--) {
    if (blocked.some((w) => w.startsWith(text.slice(-n).toLowerCase()))) return n;
  }
  return 0;
}

function onToken(piece) {
  blocked ??= words();
  held += piece;
  const at = blocked.map((w) => held.toLowerCase().indexOf(w)).filter((i) => i >= 0);
  if (at.length > 0) {
    realm.emit(held.slice(0, Math.min(...at)));
    held = "";
    stopped = true;
    realm.finish("content_filter");
    return realm.STOP;
  }
  const keep = unsure(held);
  realm.emit(held.slice(0, held.length - keep));
  held = held.slice(held.length - keep);
  return realm.SWALLOW;
}

function generate(prompt) {
  realm.generate(prompt);
  return stopped ? "" : held;
}
