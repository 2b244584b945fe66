/// <reference path="../../sdk/javascript/realm.d.ts" />
// A tool that asks another machine, with a key that the guest never sees. In the tenant's configuration:
//   guest_http: [{url: "https://api.example.com/v1/weather", headers: {Authorization: "Bearer {weather_key}"}}]
// The model writes weather(CITY), the answer of the machine goes on from there.
function generate(prompt) {
  let text = "";
  for (let turn = 0; turn < 3; turn++) {
    text += realm.generate(prompt + text, { stop: [")"] });
    const call = /weather\(([^()]*)$/.exec(text);
    if (!call) return text;
    let answer;
    try {
      const reply = realm.http({ url: `https://api.example.com/v1/weather?city=${encodeURIComponent(call[1])}` });
      answer = reply.status === 200 ? reply.body : `no weather (${reply.status})`;
    } catch (e) {
      answer = "no weather";
      console.warn(e.message);
    }
    text += `) = ${answer}\n`;
  }
  return text;
}
