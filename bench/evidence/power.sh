# power.sh: the power fails N= (2000) times, at every boundary of syncs and at random moments; seeds S= (4).
cd "$(dirname "$0")/../.." || exit 1
test=${BENCH%/bench}/tests/test_power
for seed in $(seq "${S:-4}"); do
  CUTS=$((${N:-2000} / ${S:-4})) SEED=$seed "$test" || exit 1
done
