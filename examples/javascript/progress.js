// Writes in two steps and says where it is: a client that asks with stream_options {"events": true} gets guest.progress events.
function generate(prompt) {
  realm.event("progress", { step: "outline" });
  const outline = realm.generate(`${prompt}\nOutline:`, { maxTokens: 64, stream: false });
  realm.event("progress", { step: "text", outline: outline.length });
  return realm.generate(`${prompt}\nOutline:${outline}\nText:`, { stream: false });
}
