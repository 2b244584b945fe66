#!/usr/bin/env bash
# guest.c to guest.wasm (or the file named): needs clang and lld that know WebAssembly. CLANG and WASM_LD name them.
set -euo pipefail
out=$(realpath -m "${1:-"$(dirname "$0")/guest.wasm"}")
cd "$(dirname "$0")"
sdk=..
clang=${CLANG:-$(command -v clang-19 || command -v clang || echo clang)}
wasm_ld=${WASM_LD:-$(command -v wasm-ld-19 || command -v wasm-ld || true)}
command -v "$clang" > /dev/null && [ -n "$wasm_ld" ] || { echo "clang and wasm-ld are needed (Debian: apt-get install clang-19 lld-19)" >&2; exit 1; }
"$clang" --target=wasm32-unknown-unknown -std=c17 -Oz -mbulk-memory -nostdlib -ffreestanding -fvisibility=hidden -Wall -Wextra -Werror \
    "-fuse-ld=$wasm_ld" -Wl,--no-entry,--strip-all,-z,stack-size=16384,--max-memory=4194304 -I "$sdk" guest.c -o "$out"
