#!/bin/sh
# demo.sh [DIR]: the example epic from ready to done, and the program that came out.
#
# Without ORKET_MODEL_URL the team is played by examples/textkit/mock.lua; with it (and ORKET_MODEL) the
# same project runs against that model. DIR is where the project is copied to (default: a new directory
# that is kept). Ends with 0 when the epic is done and its program runs.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
orket=${ORKET:-$here/../build/orket}
project=${1:-$(mktemp -d)/textkit}
example=${EXAMPLE:-$here/textkit}
script=${MOCK:-$example/mock.lua}
mock=

stop() {
  [ -z "$mock" ] || kill "$mock" 2>/dev/null || true
}
trap stop EXIT
trap 'exit 130' INT TERM

# Starts the mock model and sets ORKET_MODEL_URL to where it listens.
start_mock() {
  said=$project/.mock
  : >"$said" # there before anybody reads it
  pace=0
  [ ! -t 1 ] || pace=60 # to be watched: the replies come word by word
  "$orket" mock-llm --port 0 --pace "${PACE:-$pace}" "$script" >"$said" &
  mock=$!
  tries=0
  while [ -z "${ORKET_MODEL_URL:-}" ] && [ $tries -lt 100 ]; do
    sleep 0.1
    tries=$((tries + 1))
    ORKET_MODEL_URL=$(sed -n 's/.*\(http:[^ ]*\).*/\1/p' "$said")
  done
  if [ -z "$ORKET_MODEL_URL" ]; then
    echo "demo: the mock model did not start" >&2
    exit 1
  fi
  export ORKET_MODEL_URL
}

# What the mock team does wrong has to have been stopped, or the demo shows nothing.
expect() { # what, text of the log
  if ! "$orket" log -C "$project" -n 10000 | grep -q -- "$2"; then
    echo "demo: $1 is missing from the log" >&2
    exit 1
  fi
}

# The text that textkit is shown with.
text() {
  cat <<'TEXT'
# A walk
The dog and the cat went for a walk. The cat came back.
## Afterwards
The dog is still out.
TEXT
}

mkdir -p "$project"
cp -R "$example/." "$project/"
[ -n "${ORKET_MODEL_URL:-}" ] || start_mock

"$orket" run -C "$project" textkit

if [ -n "$mock" ]; then
  expect "the refused transition" "refused: card.move"
  expect "the refused way out" "refused: write_file.*Rule: gate.path.escape"
  expect "the refused call" "refused: write_file.*Rule: gate.args.json"
  expect "the failed verification" "verification FAILED"
  expect "the work that the review sent back" "TK-5 .*code_review -> in_progress"
fi

program=$project/workspace/textkit/tree/textkit
echo
echo "The program that came out is $program:"
for command in count "top 3" toc; do
  echo
  echo "\$ textkit $command < TEXT"
  text | sh "$program" $command
done
