// Signs every answer. docs/guest-abi.md is the reference.
/// <reference path="../realm.d.ts" />

function generate(prompt) {
  const text = realm.generate(prompt);
  const signature = realm.setting("signature");
  return signature === null ? text : `${text} -- ${signature}`;
}
