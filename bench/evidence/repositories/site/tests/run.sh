# Runs the page of tests in a Chromium without a window; prints TAP.
cd "$(dirname "$0")" || exit 1
profile=$(mktemp -d)
page=$(chromium --headless --no-sandbox --disable-gpu --user-data-dir="$profile" --dump-dom "file://$PWD/count.html" 2> /dev/null)
rm -rf "$profile"
echo "$page" | sed -n '/^\(not \)\{0,1\}ok \|^1\.\./p'
echo "$page" | grep -q '^ok 1 ' && ! echo "$page" | grep -q '^not ok '
