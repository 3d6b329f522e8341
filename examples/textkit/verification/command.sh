#!/bin/sh
# command.sh NAME: the command is there, and its own tests pass.
for file in "lib/$1.sh" "tests/$1.sh"; do
  if [ ! -f "$file" ]; then
    echo "FAIL $file is missing"
    exit 1
  fi
done
exec sh "tests/$1.sh"
