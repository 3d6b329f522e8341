#!/bin/sh
# permits.sh: no effect without a permit, over N= (1000000) random calls and operations against random laws
# (tests/support/permits.lua), from seed SEED= (11). ORKET is the binary.
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/orket" "$dir/world/tree"
printf 'return function()\nassert(loadfile("tests/support/permits.lua"))("%s", %d, %d)\nreturn 0 end\n' \
  "$dir/world/tree" "${N:-1000000}" "${SEED:-11}" > "$dir/orket/main.lua"
ORKET_LUA=$dir "${ORKET:-build/orket}"
