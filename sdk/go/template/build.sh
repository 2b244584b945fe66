#!/usr/bin/env bash
# guest.go to guest.wasm (or the file named): needs Go 1.24 or later, and nothing else.
set -euo pipefail
out=$(realpath -m "${1:-"$(dirname "$0")/guest.wasm"}")
cd "$(dirname "$0")"
command -v go > /dev/null || { echo "Go is needed (https://go.dev/dl)" >&2; exit 1; }
GOOS=wasip1 GOARCH=wasm GOFLAGS=-mod=mod go build -trimpath -buildvcs=false -buildmode=c-shared -ldflags="-s -w" -o "$out" .
