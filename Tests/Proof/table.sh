#!/usr/bin/env bash
# Writes the table of the page between its markers, from the lines of the long form.
# usage: table.sh LINES PAGE
set -eu -o pipefail
lines=$1
page=$2
cd "$(dirname "$0")/../.."
table=$(mktemp)
trap 'rm -f "$table"' EXIT

{
  echo '| goal | tried | of | failures | seeds | machine time | last run | at commit | repeat |'
  echo '| --- | --- | --- | --- | --- | --- | --- | --- | --- |'
  for file in Tests/Proof/goals/*.sh; do
    name=$(sed -n 's/^name=//p' "$file")
    title=$(sed -n 's/^title="\(.*\)"$/\1/p' "$file")
    target=$(sed -n 's/^target=//p' "$file")
    awk -v name="$name" -v title="$title" -v target="$target" '
      function value(key, pattern) {
        if (!match($0, "\"" key "\":" pattern)) return ""
        return substr($0, RSTART + length(key) + 3, RLENGTH - length(key) - 3)
      }
      function grouped(number,   text) {
        text = sprintf("%d", number)
        while (text ~ /[0-9][0-9][0-9][0-9]/) {
          match(text, /[0-9][0-9][0-9]($|,)/)
          text = substr(text, 1, RSTART - 1) "," substr(text, RSTART)
        }
        return text
      }
      index($0, "\"name\":\"" name "\"") && /"form":"long"/ {
        failures += value("failures", "[0-9]+")
        seconds += value("seconds", "[0-9.]+")
        date = substr(value("date", "\"[^\"]*"), 2, 10)
        commit = substr(value("commit", "\"[^\"]*"), 2)
        skipped = substr(value("skipped", "\"[^\"]*"), 2)
        count += value("count", "[0-9]+")
        seed = value("seed", "[0-9]+") + 0
        if (first == "" || seed < first) first = seed
        if (seed > last) last = seed
        rounds++
      }
      END {
        tried = !rounds ? "not run" : count == 0 && skipped != "" ? "skipped: " skipped : grouped(count)
        seeds = !rounds ? "" : first == last ? first : first "–" last
        time = !rounds ? "" : seconds < 120 ? int(seconds + 0.5) " s" : int(seconds / 60 + 0.5) " min"
        printf "| %s | %s | %s | %s | %s | %s | %s | %s | `Tests/Proof/run.sh long %s` |\n", title, tried, \
          grouped(target), rounds ? failures + 0 : "", seeds, time, date, commit, name
      }' "$lines"
  done
  machine=$(sed -nE 's/.*"form":"long".*"machine":"([^"]*)".*/\1/p' "$lines" | tail -1)
  [[ -z $machine ]] || printf '\nThe machine of the last run: %s.\n' "$machine"
} > "$table"

awk -v table="$table" '
  /<!-- proof:begin -->/ { print; print ""; while ((getline line < table) > 0) print line; print ""; inside = 1 }
  /<!-- proof:end -->/ { inside = 0 }
  !inside && !/<!-- proof:begin -->/ { print }' "$page" > "$table.page"
cat "$table.page" > "$page"
rm -f "$table.page"
