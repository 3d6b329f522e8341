# damage.sh: N= (2000) bytes of a database, and of its log, turn into others; seed S= (1).
cd "$(dirname "$0")/../.." || exit 1
N=${N:-2000} SEED=${S:-1} exec "${BENCH%/bench}/tests/test_damage"
