# dialect.sh: libFuzzer on what finds calls in a model's text (tests/fuzz/dialect.c), under AddressSanitizer.
# N= executions; needs clang and its compiler-rt. What is found in build/fuzz/dialect stays the next run's beginning.
set -e
out=build/fuzz/dialect
mkdir -p $out/corpus
lua5.4 tests/fuzz/grammar.lua > $out/grammar.json
lua5.4 tests/fuzz/seeds.lua $out/corpus $out/grammar.json > $out/dictionary
clang -g -O2 -fsanitize=fuzzer,address -std=c11 -D_GNU_SOURCE -Icore tests/fuzz/dialect.c \
  $(find core/model/dialect core/base -name '*.c' | grep -v 'fault\|hash\|base64') -o $out/fuzz
# Where memory was allocated is not written down for each piece of it: three times as fast, and told again when a finding is run alone.
if ! ASAN_OPTIONS=quarantine_size_mb=8:malloc_context_size=0 FUZZ_GRAMMAR=$out/grammar.json \
  $out/fuzz -dict=$out/dictionary -max_len="${MAX_LEN:-200}" -runs="${N:-10000000}" -print_final_stats=1 \
  -artifact_prefix=$out/ $out/corpus > $out/log 2>&1; then
  tail -40 $out/log
  exit 1
fi
grep 'DONE\|^Done\|^stat::' $out/log
