#!/usr/bin/env bash
# Installs what sdk/build.sh and examples/build.sh need and is not there yet: clang and lld for C, Rust with its wasm32 target, Zig. On
# Debian or Ubuntu, as root, when something is missing. npm, which fetches the AssemblyScript compiler, must be there.
set -euo pipefail
rust_target() { [ -d "$("$1" --print sysroot 2> /dev/null)/lib/rustlib/wasm32-unknown-unknown/lib" ]; }
command -v npm > /dev/null || { echo "npm is needed for AssemblyScript: install Node.js 20 or later" >&2; exit 1; }
missing=
command -v clang-19 > /dev/null && command -v wasm-ld-19 > /dev/null || missing="clang-19 lld-19"
rust_target rustc || rust_target /usr/bin/rustc || missing="$missing rustc cargo libstd-rust-dev-wasm32 lld-14"
if [ -n "$missing" ]; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends $missing > /dev/null
fi
if [ -z "${ZIG:-}" ] && ! command -v zig > /dev/null && [ ! -x /opt/realm-zig/ziglang/zig ]; then
    python3 -m pip install --quiet --no-deps --target /opt/realm-zig ziglang==0.15.2
fi
