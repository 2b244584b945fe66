#!/usr/bin/env bash
# Builds the template guest of every SDK, and the one that tests its sequences, by its own build.sh; OUT is a folder for the modules
# (default: beside the sources, where the tests run them).
set -euo pipefail
cd "$(dirname "$0")"
out=$(realpath -m "${1:-.}")
for language in c rust assemblyscript zig go; do
    mkdir -p "$out/$language/template"
    # Too large to be kept, and not for the ordinary tests.
    [ "$language$out" != "go$PWD" ] || continue
    "$language/template/build.sh" "$out/$language/template/guest.wasm"
    if [ -d "$language/sequences" ]; then
        mkdir -p "$out/$language/sequences"
        "$language/sequences/build.sh" "$out/$language/sequences/guest.wasm"
    fi
done
for source in wat/template/guest.wat javascript/template/guest.js; do
    mkdir -p "$out/$(dirname $source)"
    [ "$out" = "$PWD" ] || cp "$source" "$out/$source"
done
