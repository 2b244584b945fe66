//! A guest that signs its answers: the setting "signature" follows the model's text.
const std = @import("std");
const realm = @import("realm");

fn run(prompt: []const u8, model: u32, options: *realm.Options) realm.Failed![]const u8 {
    const text = try realm.generate(model, prompt, options);
    const signature = try realm.setting("signature") orelse return text;
    return std.mem.concat(realm.allocator, u8, &.{ text, " -- ", signature });
}

comptime {
    realm.guest(run);
}
