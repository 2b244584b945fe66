#!/usr/bin/env bash
# guest.wasm here, or the file named, with what the template beside it needs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "$here/../build-XXXXXX")
trap 'rm -rf "$work"' EXIT
find "$here/../template" -maxdepth 1 -type f -exec cp {} "$work/" \;
cp "$here/"guest.* "$work/"
"$work/build.sh" "$(realpath -m "${1:-$here/guest.wasm}")"
