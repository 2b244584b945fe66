// Does the model's calculations inside the guest: the model writes calc(…), the guest puts the result behind it, four times at most.
function calculate(expression) {
  const tokens = expression.match(/\d+(\.\d+)?|[-+*/()]/g) ?? [];
  let at = 0;
  const atom = () => {
    const t = tokens[at++];
    if (t !== "(") return t === "-" ? -atom() : Number(t);
    const value = sum();
    at++;
    return value;
  };
  const product = () => {
    let value = atom();
    while (tokens[at] === "*" || tokens[at] === "/") value = tokens[at++] === "*" ? value * atom() : value / atom();
    return value;
  };
  const sum = () => {
    let value = product();
    while (tokens[at] === "+" || tokens[at] === "-") value = tokens[at++] === "+" ? value + product() : value - product();
    return value;
  };
  return sum();
}

function generate(prompt) {
  let text = "";
  for (let round = 0; round < 4; round++) {
    text += realm.generate(prompt + text, { stop: ["="], stream: false });
    const call = /calc\(([-+*/().\d\s]{1,100})\)\s*$/.exec(text);
    if (!call) return text;
    text += `=${calculate(call[1])} `;
  }
  return text;
}
