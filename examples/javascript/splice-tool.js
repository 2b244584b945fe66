// A tool loop inside one generation: when the model writes "calc(…)=", the result is spliced in behind it and the model goes on.
let text = "";

function onStep(seq, tokens) {
  text += tokens.map((t) => t.text).join("");
  const call = /calc\((\d{1,9})([-+*])(\d{1,9})\)=$/.exec(text);
  if (call) {
    const [a, b] = [Number(call[1]), Number(call[3])];
    const result = `${call[2] === "+" ? a + b : call[2] === "-" ? a - b : a * b} `;
    seq.feed(result);
    text += result;
  }
  return realm.PASS;
}

function generate(prompt) {
  return realm.generate(prompt);
}
