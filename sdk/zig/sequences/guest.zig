// A guest that uses every function of sequences: a plain continuation, and a fork that may say "one" or "two" only.
const realm = @import("realm");
fn step(_: realm.Sequence, _: []const realm.Step, _: bool) realm.Verdict {
    return .pass;
}
fn run(prompt: []const u8, model: u32, options: *realm.Options) realm.Failed![]const u8 {
    const s = try realm.Sequence.open(model, options);
    _ = try s.feed(prompt, true);
    var likely: [2]realm.Alternative = undefined;
    _ = try s.top(&likely);
    const f = try s.fork();
    const a = try s.generate(6);
    try f.hold(try realm.grammar(model, .choices, "one\ntwo"));
    const b = try f.generate(6);
    var scores: [2]f32 = undefined;
    try s.score(&.{ 97, 98 }, &scores);
    try s.rollback(2);
    try s.mask(&.{ 1, 2, 3, 4 }, true);
    try s.bias(&.{.{ .id = 97, .bias = 1 }});
    _ = try realm.pieces(0);
    s.close();
    return @import("std").mem.concat(realm.allocator, u8, &.{ a, "|", b });
}
comptime {
    realm.guest(run);
    realm.onStep(step);
}
