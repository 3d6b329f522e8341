#!/bin/sh
# mentions.sh FILE TEXT...: the file is there and holds every text.
file=$1
shift
if [ ! -f "$file" ]; then
  echo "FAIL $file is missing"
  exit 1
fi
failed=0
for text; do
  if grep -qF -- "$text" "$file"; then
    echo "ok   $file mentions $text"
  else
    echo "FAIL $file does not mention $text"
    failed=1
  fi
done
exit $failed
