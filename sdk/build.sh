#!/usr/bin/env bash
# Builds the template guest of every SDK whose tool chain is installed: clang and lld, npm, cargo with wasm32-unknown-unknown.
# The .wasm files beside the sources are what the tests run. The WAT template needs nothing: the tests assemble it.
set -euo pipefail
cd "$(dirname "$0")"
clang=${CLANG:-clang-19}
wasm_ld=${WASM_LD:-$(command -v wasm-ld-19 || command -v wasm-ld || true)}
if command -v "$clang" > /dev/null && [ -n "$wasm_ld" ]; then
    "$clang" --target=wasm32-unknown-unknown -std=c17 -Oz -mbulk-memory -nostdlib -ffreestanding -fvisibility=hidden -Wall -Wextra \
        -Werror "-fuse-ld=$wasm_ld" -Wl,--no-entry,--strip-all,-z,stack-size=16384,--max-memory=4194304 \
        -I c c/template/guest.c -o c/template/guest.wasm
    echo "c: built"
fi
if [ -d assemblyscript/node_modules ]; then
    (cd assemblyscript && npm run --silent build)
    echo "assemblyscript: built"
fi
if command -v cargo > /dev/null && cargo --version > /dev/null 2>&1 && rustc --print target-libdir --target wasm32-unknown-unknown 2> /dev/null | xargs -I{} test -d {}; then
    (cd rust && RUSTFLAGS="-C link-arg=-zstack-size=16384" cargo build --quiet --release --target wasm32-unknown-unknown --example signed)
    cp rust/target/wasm32-unknown-unknown/release/examples/signed.wasm rust/template/guest.wasm
    echo "rust: built"
fi
