// A guest that uses every function of sequences: a plain continuation, and a fork that may say "one" or "two" only.
import * as realm from "../assembly/index";
export { realm_alloc, realm_abi_version } from "../assembly/index";
export function on_step(seq: i32, records: usize, count: i32): i32 { realm.steps(records, count); return 0; }
export function generate(prompt: usize, len: i32, model: i32, options: usize): usize {
  const s = realm.Sequence.open(model, options);
  if (s.feed(realm.text(prompt, len), true) < 0) return 0;
  s.top(2);
  const f = s.fork();
  const a = s.generate(6);
  if (f.hold(realm.grammar(model, realm.Kind.CHOICES, "one\ntwo")) < 0) return 0;
  const b = f.generate(6);
  if (a === null || b === null) return 0;
  if (s.score(StaticArray.fromArray<u32>([97, 98])) === null || realm.tokenize(model, "abc").length != 3) return 0;
  if (s.rollback(2) < 0 || s.mask(StaticArray.fromArray<u32>([1, 2, 3, 4]), true) < 0 || s.bias(StaticArray.fromArray<u32>([97]), StaticArray.fromArray<f32>([1])) < 0) return 0;
  realm.pieces(0);
  realm.vocabulary(model, 0, heap.alloc(4096), 4096);
  if (s.close() < 0) return 0;
  return realm.answer(a + "|" + b);
}
