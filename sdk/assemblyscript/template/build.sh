#!/usr/bin/env bash
# guest.ts to guest.wasm (or the file named): needs Node.js with npm, which fetches the compiler the first time.
set -euo pipefail
out=$(realpath -m "${1:-"$(dirname "$0")/guest.wasm"}")
cd "$(dirname "$0")"
sdk=..
command -v npm > /dev/null || { echo "npm is needed (Node.js 20 or later)" >&2; exit 1; }
[ -d "$sdk/node_modules" ] || (cd "$sdk" && npm ci --silent --no-audit --no-fund)
"$sdk/node_modules/.bin/asc" guest.ts -o "$out" --runtime stub -Oz --noAssert --use abort= --exportStart _initialize --maximumMemory 64
