#!/usr/bin/env bash
# guest.zig to guest.wasm (or the file named): needs Zig 0.14 or 0.15. ZIG names it.
set -euo pipefail
out=$(realpath -m "${1:-"$(dirname "$0")/guest.wasm"}")
cd "$(dirname "$0")"
sdk=..
zig=${ZIG:-$(command -v zig || echo /opt/realm-zig/ziglang/zig)}
command -v "$zig" > /dev/null || { echo "zig is needed (pip install ziglang brings it as python3 -m ziglang; or ZIG=/path/to/zig)" >&2; exit 1; }
"$zig" build-exe -target wasm32-freestanding -O ReleaseSmall -fno-entry -rdynamic -fstrip --stack 16384 --max-memory=4194304 \
    "-femit-bin=$out" --dep realm -Mroot=guest.zig "-Mrealm=$sdk/realm.zig"
