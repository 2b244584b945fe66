#!/usr/bin/env bash
# Builds the template guest of every SDK: needs clang and lld, npm (after "npm ci" in sdk/assemblyscript), cargo with the target
# wasm32-unknown-unknown. With --available only those whose tools are there. An output folder can be named; the default is beside the sources,
# where the .wasm files are that the tests run.
set -euo pipefail
only_available=
if [ "${1:-}" = --available ]; then
    only_available=1
    shift
fi
cd "$(dirname "$0")"
out=$(mkdir -p "${1:-.}" && cd "${1:-.}" && pwd)
clang=${CLANG:-clang-19}
wasm_ld=${WASM_LD:-$(command -v wasm-ld-19 || command -v wasm-ld || true)}

missing() {
    echo "$1: no tool chain" >&2
    [ -n "$only_available" ] || exit 1
}

mkdir -p "$out"/{c,assemblyscript,rust,wat}/template
if command -v "$clang" > /dev/null && [ -n "$wasm_ld" ]; then
    "$clang" --target=wasm32-unknown-unknown -std=c17 -Oz -mbulk-memory -nostdlib -ffreestanding -fvisibility=hidden -Wall -Wextra \
        -Werror "-fuse-ld=$wasm_ld" -Wl,--no-entry,--strip-all,-z,stack-size=16384,--max-memory=4194304 \
        -I c c/template/guest.c -o "$out/c/template/guest.wasm"
else
    missing c
fi
if [ -d assemblyscript/node_modules ]; then
    (cd assemblyscript && npm run --silent build -- -o "$out/assemblyscript/template/guest.wasm")
else
    missing assemblyscript
fi
if command -v cargo > /dev/null && [ -d "$(rustc --print sysroot 2> /dev/null)/lib/rustlib/wasm32-unknown-unknown" ]; then
    (cd rust && RUSTFLAGS="-C link-arg=-zstack-size=16384" cargo build --quiet --release --target wasm32-unknown-unknown --example signed)
    cp rust/target/wasm32-unknown-unknown/release/examples/signed.wasm "$out/rust/template/guest.wasm"
else
    missing rust
fi
for kept in rust/template/guest.wasm assemblyscript/template/guest.wasm c/template/guest.wasm wat/template/guest.wat; do
    [ -e "$out/$kept" ] || cp "$kept" "$out/$kept"
done
