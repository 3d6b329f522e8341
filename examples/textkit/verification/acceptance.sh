#!/bin/sh
# acceptance.sh: the whole program, from outside. The text is ours; nobody who builds textkit sees it.
failed=0

check() { # name, wanted, got
  if [ "$2" = "$3" ]; then
    echo "ok   $1"
  else
    echo "FAIL $1"
    echo "  wanted: $2"
    echo "  got:    $3"
    failed=1
  fi
}

text() {
  cat <<'TEXT'
# The Fox

The quick brown fox jumps over the lazy dog. The dog sleeps.

## Code

```
# not a heading
```

### Deeper
TEXT
}

for name in count top toc; do
  sh "tests/$name.sh" >/dev/null 2>&1
  check "the tests of $name pass" 0 $?
done
check "count" "lines 11
words 25
longest 60" "$(text | sh textkit count)"
check "top 2" "4 the
2 dog" "$(text | sh textkit top 2)"
check "toc" "- The Fox
  - Code
    - Deeper" "$(text | sh textkit toc)"
check "count of nothing" "lines 0
words 0
longest 0" "$(sh textkit count </dev/null)"
sh textkit nonsense >/dev/null 2>&1
check "an unknown command ends with 2" 2 $?
check "it works from another directory" "$(text | sh textkit count)" "$(here=$PWD; cd / && text | sh "$here/textkit" count)"
exit $failed
