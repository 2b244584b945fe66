#!/usr/bin/env bash
# Builds the template guest of every SDK by its own build.sh; OUT is a folder for the modules (default: beside the sources, where the
# tests run them).
set -euo pipefail
cd "$(dirname "$0")"
out=$(realpath -m "${1:-.}")
for language in c rust assemblyscript zig; do
    mkdir -p "$out/$language/template"
    "$language/template/build.sh" "$out/$language/template/guest.wasm"
done
mkdir -p "$out/wat/template"
[ "$out" = "$PWD" ] || cp wat/template/guest.wat "$out/wat/template/"
