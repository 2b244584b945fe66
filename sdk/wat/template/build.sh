#!/usr/bin/env bash
# guest.wat to guest.wasm (or the file named): needs wat2wasm. WAT2WASM names it.
set -euo pipefail
out=$(realpath -m "${1:-"$(dirname "$0")/guest.wasm"}")
cd "$(dirname "$0")"
wat2wasm=${WAT2WASM:-wat2wasm}
command -v "$wat2wasm" > /dev/null || { echo "wat2wasm is needed (Debian: apt-get install wabt)" >&2; exit 1; }
"$wat2wasm" guest.wat -o "$out"
