#!/usr/bin/env bash
# Puts the table that HostileCollectionTest wrote into docs/security.md.
set -euo pipefail
cd "$(dirname "$0")"
table=../realm-runtime/target/hostile.md
[ -f "$table" ] || { echo "no $table: run HostileCollectionTest first" >&2; exit 1; }
awk -v table="$table" '
    /<!-- hostile collection: begin -->/ { print; while ((getline line < table) > 0) print line; skip = 1; next }
    /<!-- hostile collection: end -->/ { skip = 0 }
    !skip' security.md > security.md.new
mv security.md.new security.md
