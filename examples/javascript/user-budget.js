// Each end user (the request's "user") has so many tokens a day: the setting "tokens_per_day". Counted in the store, right with any
// number of requests and of servers at once.
function generate(prompt) {
  const user = String(realm.request().user ?? "anonymous").slice(0, 200);
  const key = `budget/${new Date().toISOString().slice(0, 10)}/${user}`;
  const most = Number(realm.setting("tokens_per_day") ?? 10000);
  if (realm.kv.add(key, 0) >= most) realm.refuse(429, "user_budget", `this user has used the ${most} tokens of the day`);
  const text = realm.generate(prompt);
  const { allPrompt, allGenerated } = realm.usage();
  realm.kv.add(key, allPrompt + allGenerated);
  return text;
}
