#!/bin/sh
# metrics.sh: `promtool check metrics` over /metrics of a project with work, and `check rules` over the example's
# alerts. promtool is in Debian's package prometheus; PROMTOOL= names another place. N= cards of the project.
promtool=${PROMTOOL:-promtool}
command -v "$promtool" > /dev/null || { echo "promtool is missing: apt install prometheus, or PROMTOOL="; exit 1; }
dir=$(mktemp -d) || exit 1
trap 'kill "$pid" 2>/dev/null; rm -rf "$dir"' EXIT
ORKET_API_KEY=evidence-of-metrics "${ORKET:-build/orket}" serve --port 0 --seed-cards "${N:-1000}" -C "$dir/p" \
  > "$dir/out" 2> "$dir/err" &
pid=$!
until url=$(sed -n 's/.*\(http:.*:[0-9]*\)$/\1/p' "$dir/out") && [ -n "$url" ]; do
  kill -0 "$pid" || { cat "$dir/err"; exit 1; }
  sleep 0.1
done
for path in /v1/board /v1/nothing /metrics /metrics; do
  curl -s -H "Authorization: Bearer evidence-of-metrics" "$url$path" > "$dir/page"
done
"$promtool" check metrics < "$dir/page" && "$promtool" check rules examples/observability/alerts.yml &&
  grep -c '^# TYPE' "$dir/page" | sed 's/$/ families, nothing to complain of/'
