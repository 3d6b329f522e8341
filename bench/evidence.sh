#!/bin/sh
# evidence.sh: runs every long or timed script of bench/evidence/, each sized by N=, and keeps what it
# prints in build/evidence/NAME-COMMIT.txt. ORKET is the binary, BENCH the folder of bench programs.
cd "$(dirname "$0")/.." || exit 1
commit=$(git rev-parse --short HEAD 2> /dev/null || echo unknown)
mkdir -p build/evidence
failed=0
for script in bench/evidence/*.sh bench/evidence/*.lua; do
  [ -e "$script" ] || continue
  name=$(basename "${script%.*}")
  out=build/evidence/$name-$commit.txt
  case $script in *.lua) run=lua5.4 ;; *) run=sh ;; esac
  if $run "$script" > "$out" 2>&1; then
    echo "$name: $out"
  else
    echo "$name failed: $out"
    failed=1
  fi
done
exit $failed
