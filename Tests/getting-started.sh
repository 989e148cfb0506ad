#!/bin/bash
# A new user's walk: does what the article "Getting started" says, word by word, in an empty
# directory, with this checkout as the dependency. A fence that follows a line `NAME`: is that file;
# the fence of the shell is run.
set -euo pipefail

checkout=$(cd "$(dirname "$0")/.." && pwd)
article=$checkout/Sources/Annals/Annals.docc/GettingStarted.md
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The dependency's path, as the article has it.
ln -s "$checkout" "$work/annals"
cd "$work"

fail() {
  echo "getting started: $1" >&2
  exit 1
}

# The first fence of the shell, without what needs the machine's administrator.
commands=$(sed -n '/^```sh$/,/^```$/p' "$article" | grep -v -e '```' -e sudo)
eval "$commands" > /dev/null
[[ $(basename "$PWD") == bank ]] || fail "the article makes no directory bank"

awk '
  /^`[^`]+`:$/ { name = substr($0, 2, length($0) - 3); next }
  /^```/ && writing { writing = 0; name = ""; close(file); next }
  /^```/ && name != "" { writing = 1; file = name; printf "" > file; next }
  writing { print > file }
' "$article"
count=$(find . -name '*.swift' -not -path './.build/*' | wc -l)
((count == 5)) || fail "$count files, 5 expected"

swift run bank > first || fail "swift run: $(cat first)"
swift run bank > second || fail "swift run, again: $(cat second)"
diff - first << 'END' || fail "the first run says something else"
version 2: 500 cents
1 AccountOpened
2 MoneyDeposited
END
diff - second << 'END' || fail "the second run says something else"
version 3: 1000 cents
1 AccountOpened
2 MoneyDeposited
3 MoneyDeposited
END
swift test > tests 2>&1 || fail "swift test: $(tail -20 tests)"
grep -q '1 test' tests || fail "no test ran"
echo "a package from nothing: built, run twice, tested"
