// A guest that signs its answers: the setting "signature" follows the model's text.
import * as realm from "../assembly/index";

export { realm_alloc, realm_abi_version } from "../assembly/index";

export function generate(prompt: usize, len: i32, model: i32, options: usize): usize {
  const answer = realm.generate(model, realm.text(prompt, len), options);
  if (answer === null) return 0;
  const signature = realm.setting("signature");
  return realm.answer(answer + (signature === null ? "" : " -- " + signature));
}
