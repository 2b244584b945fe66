#!/usr/bin/env bash
# Builds every example from its source with clang and lld for WebAssembly; CLANG and WASM_LD name them (default: version 19).
# The .wasm files beside the sources are what the tests run; the Maven profile "guest-toolchains" runs this and compares behaviour.
set -euo pipefail
cd "$(dirname "$0")"
out=$(mkdir -p "${1:-.}" && cd "${1:-.}" && pwd)
clang=${CLANG:-clang-19}
wasm_ld=${WASM_LD:-$(command -v wasm-ld-19 || command -v wasm-ld)}
for source in */*.c; do
    mkdir -p "$out/$(dirname "$source")"
    "$clang" --target=wasm32-unknown-unknown -std=c17 -Oz -mbulk-memory -nostdlib -ffreestanding -fvisibility=hidden -Wall -Wextra \
        -Werror "-fuse-ld=$wasm_ld" -Wl,--no-entry,--strip-all,-z,stack-size=16384,--max-memory=4194304 \
        -I ../sdk/c "$source" -o "$out/$(dirname "$source")/$(basename "$(dirname "$source")").wasm"
done
