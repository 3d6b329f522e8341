# json.sh: what the codec costs, beside jansson. N= rounds.
"$BENCH/json"
