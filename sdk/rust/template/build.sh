#!/usr/bin/env bash
# guest.rs to guest.wasm (or the file named): needs Rust 1.68 or later with the target wasm32-unknown-unknown, or Debian's 1.63 with
# libstd-rust-dev-wasm32 and lld. RUSTC and CARGO name them.
set -euo pipefail
out=$(realpath -m "${1:-"$(dirname "$0")/guest.wasm"}")
cd "$(dirname "$0")"
has_target() { command -v "$1" > /dev/null && [ -d "$("$1" --print sysroot 2> /dev/null)/lib/rustlib/wasm32-unknown-unknown/lib" ]; }
if [ -z "${RUSTC:-}" ] && ! has_target rustc && has_target /usr/bin/rustc; then
    RUSTC=/usr/bin/rustc CARGO=/usr/bin/cargo
fi
export RUSTC=${RUSTC:-rustc}
has_target "$RUSTC" || { echo "Rust with its wasm32 target is needed (rustup target add wasm32-unknown-unknown)" >&2; exit 1; }
flags="-C link-arg=-zstack-size=16384"
minor=$("$RUSTC" --version | sed 's/rustc 1\.\([0-9]*\).*/\1/')
if [ "$minor" -lt 68 ]; then
    export RUSTC_BOOTSTRAP=1
    flags="$flags -Zcrate-attr=feature(default_alloc_error_handler) -C linker=$(command -v wasm-ld-14 || echo wasm-ld)"
fi
target=${CARGO_TARGET_DIR:-$PWD/target}
CARGO_TARGET_DIR=$target RUSTFLAGS=$flags "${CARGO:-cargo}" build --quiet --release --target wasm32-unknown-unknown
cp "$target/wasm32-unknown-unknown/release/guest.wasm" "$out"
