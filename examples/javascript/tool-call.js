// Hands a call of the client's own tool on, when the model writes one as "tool: name {json}".
function generate(prompt) {
  const text = realm.generate(prompt, { stream: false });
  const call = /^tool: ([\w.-]{1,64}) (\{.*\})\s*$/s.exec(text);
  if (!call) return text;
  JSON.parse(call[2]); // what is not JSON is the model's mistake, and the request's failure
  realm.toolCall(`call_${realm.usage().allGenerated}`, call[1], call[2]);
  return "";
}
