#!/usr/bin/env python3
"""Markdown tables and SVG plots from the JSON lines of run.sh.

    ./report.py results/small.jsonl                       tables on standard output
    ./report.py results/small.jsonl --page PAGE.md        tables between the page's markers,
                                                          plots beside it

Of a file that several runs were appended to, the last one counts. A cell is the median of its
rounds, with the worst and the best behind it where there is more than one. A ratio is Annals' median
to another's, above 1 where Annals is ahead, also where less is better.
"""

import argparse
import html
import json
import math
import pathlib
import statistics
import sys

PEERS = ["annals", "raw", "rocksdb", "leveldb", "lmdb", "sqlite"]
NAMES = {"annals": "Annals", "raw": "raw", "rocksdb": "RocksDB", "leveldb": "LevelDB",
         "lmdb": "LMDB", "sqlite": "SQLite"}
BEGIN, END = "<!-- report: begin -->", "<!-- report: end -->"


class Row:
    """One line of a table: which lines of the results, which of their numbers."""

    def __init__(self, name, phase, field, lower=False, mine=None, theirs=None, plot=True,
                 detail=False, compare=True):
        self.name, self.phase, self.field, self.lower = name, phase, field, lower
        self.mine, self.theirs = mine or {}, theirs or [{}]
        self.plot, self.detail, self.compare = plot and not detail, detail, compare


def durable(n):
    """Many callers: Annals' in two forms, the others' in the harness's groups or their own."""
    theirs = [{"threads": n, "mode": "grouped"}, {"threads": n, "mode": "native"}]
    rows = []
    for form, mode in (("tasks", "tasks"), ("blocking threads", "native")):
        mine = {"threads": n, "mode": mode}
        title = f"durable append, {n} callers ({form}): events/s"
        rows.append(Row(title, "durable", "events_per_s", False, mine, theirs))
        if mode == "tasks":
            rows.append(Row("p50 µs", "durable", "p50_us", True, mine, theirs, detail=True))
            rows.append(Row("p99 µs", "durable", "p99_us", True, mine, theirs, detail=True))
            rows.append(Row("CPU µs/event", "durable", "cpu_us_per_event", True, mine, theirs,
                            detail=True))
            rows.append(Row("a bare `pwrite` + `fdatasync` meanwhile, µs", "durable",
                            "calib_sync_us", True, mine, theirs, detail=True, compare=False))
    return rows


ONE = {"threads": 1}
ROWS = [
    Row("written append, one event a call: events/s", "append1", "events_per_s"),
    Row("p50 µs", "append1", "p50_us", True, detail=True),
    Row("p99 µs", "append1", "p99_us", True, detail=True),
    Row("CPU µs/event, all threads", "append1", "cpu_us_per_event", True, detail=True),
    Row("written append, batches of 100: events/s", "append-batch", "events_per_s"),
    Row("CPU µs/event, all threads", "append-batch", "cpu_us_per_event", True, detail=True),
    Row("durable append, 1 caller: events/s", "durable", "events_per_s", False, ONE, [ONE]),
    Row("p50 µs", "durable", "p50_us", True, ONE, [ONE], detail=True),
    Row("p99 µs", "durable", "p99_us", True, ONE, [ONE], detail=True),
    Row("p99.9 µs", "durable", "p999_us", True, ONE, [ONE], detail=True),
    Row("CPU µs/event", "durable", "cpu_us_per_event", True, ONE, [ONE], detail=True),
    Row("a bare `pwrite` + `fdatasync` meanwhile, µs", "durable", "calib_sync_us", True, ONE,
        [ONE], detail=True, compare=False),
    *durable(16), *durable(64), *durable(256),
    Row("load of one aggregate, warm: loads/s", "load-warm", "ops_per_s"),
    Row("p50 µs", "load-warm", "p50_us", True, detail=True),
    Row("p99 µs", "load-warm", "p99_us", True, detail=True),
    Row("CPU µs/load", "load-warm", "cpu_us_per_op", True, detail=True),
    Row("load of one aggregate, cold cache: loads/s", "load-cold", "ops_per_s"),
    Row("p50 µs", "load-cold", "p50_us", True, detail=True),
    Row("p99 µs", "load-cold", "p99_us", True, detail=True),
    Row("replay, warm, first pass: events/s", "replay-first", "events_per_s"),
    Row("CPU µs/event", "replay-first", "cpu_us_per_event", True, detail=True),
    Row("replay, warm, further passes: events/s", "replay-warm", "events_per_s"),
    Row("CPU µs/event", "replay-warm", "cpu_us_per_event", True, detail=True),
    Row("replay, cold cache: events/s", "replay-cold", "events_per_s"),
    Row("payload bytes, of the rate of reading the store's files", "replay-cold",
        "payload_share_of_disk", detail=True, compare=False),
    Row("snapshot put, 4 KiB: puts/s", "snapshot-put", "ops_per_s"),
    Row("bytes on disk a put", "snapshot-put", "disk_bytes_per_put", True, detail=True),
    Row("snapshot get, 4 KiB: gets/s", "snapshot-get", "ops_per_s"),
    Row("writer beside reader, the appends: events/s", "concurrent", "append_per_s"),
    Row("writer beside reader, the replay: events/s", "concurrent", "replay_per_s"),
    Row("open after a close, cold cache: ms", "open-cold", "open_ms", True),
    Row("ms to the first append", "open-cold", "first_append_ms", True, detail=True),
    Row("open after kill -9: ms to the first append", "kill9", "first_append_ms", True),
    Row("bytes on disk an event", "append1", "disk_bytes_per_event", True),
    Row("the same, batches of 100", "append-batch", "disk_bytes_per_event", True, detail=True),
    Row("anonymous memory an event, appending: bytes", "append1", "ram_bytes_per_event", True),
    Row("peak resident MB, mapped files included", "append1", "peak_rss_mb", True, detail=True),
    Row("background work left behind, s", "append1", "settle_s", True, detail=True,
        compare=False),
]


def read(path):
    """The lines of the last run, and what it says of its machine."""
    lines = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    starts = [i for i, line in enumerate(lines) if line["phase"] == "machine"]
    if not starts:
        sys.exit(f"{path}: no line says what machine it was")
    machine = lines[starts[-1]]
    return machine, [r for r in lines[starts[-1] + 1:] if r["phase"] != "check"]


def select(rows, **want):
    return [r for r in rows if all(r.get(k) == v for k, v in want.items())]


def si(x):
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(x) >= limit:
            return f"{x / limit:.3g} {unit}"
    return f"{x:.3g}"


def values(rows, row):
    return sorted(r[row.field] for r in rows if r.get(row.field) is not None)


def cell(numbers, lower):
    if not numbers:
        return "–"
    if len(numbers) == 1:
        return si(numbers[0])
    worst, best = (numbers[-1], numbers[0]) if lower else (numbers[0], numbers[-1])
    return f"{si(statistics.median(numbers))} ({si(worst)}–{si(best)})"


def ratio(mine, other, lower):
    if not mine or not other:
        return None
    a, b = statistics.median(mine), statistics.median(other)
    if lower:
        a, b = b, a
    return a / b if b > 0 else None


def show(r):
    if r is None:
        return "–"
    return f"{r:.2g}" if r < 0.1 else f"{r:.2f}" if r < 10 else f"{r:.0f}"


class Measured:
    """One row at one payload and distribution: everybody's numbers and the two ratios."""

    def __init__(self, rows, row):
        self.row, self.numbers = row, {}
        best, self.best_name = None, ""
        for peer in PEERS:
            own = select(rows, peer=peer, phase=row.phase)
            wants = [row.mine] if peer == "annals" else row.theirs
            candidates = [values(select(own, set="", **want), row) for want in wants]
            candidates = [c for c in candidates if c]
            pick = max if not row.lower else min
            self.numbers[peer] = pick(candidates, key=statistics.median) if candidates else []
            if peer in ("annals", "raw"):
                continue
            # A peer may be ahead in another tuning than the one its column shows.
            for tuning in {r["set"] for r in own}:
                for want in row.theirs:
                    found = values(select(own, set=tuning, **want), row)
                    if not found:
                        continue
                    middle = statistics.median(found)
                    if best is None or (middle < best if row.lower else middle > best):
                        best = middle
                        self.best_name = NAMES[peer] + (f" {tuning}" if tuning else "")
        self.best = best
        mine = self.numbers["annals"]
        compared = row.compare
        self.to_raw = ratio(mine, self.numbers["raw"], row.lower) if compared else None
        self.to_best = ratio(mine, [best], row.lower) if compared and best is not None else None

    @property
    def is_empty(self):
        return not any(self.numbers.values())


def configurations(rows):
    for dist in ("uniform", "zipf"):
        for payload in (256, 100, 1024):
            if select(rows, dist=dist, payload=payload, set=""):
                yield payload, dist


def tables(machine, rows):
    out, behind, plots = [], [], []
    for payload, dist in configurations(rows):
        here = select(rows, payload=payload, dist=dist)
        measured = [Measured(here, row) for row in ROWS]
        measured = [m for m in measured if not m.is_empty]
        rounds = len({r["run"] for r in here})
        by_cpu = {}
        for m in measured:
            if m.row.field.startswith("cpu_us") and m.to_best is not None:
                by_cpu[m.row.phase, str(m.row.mine)] = m.to_best
        out += ["", f"### {payload} bytes, {dist}, {rounds} round{'s' if rounds > 1 else ''}", ""]
        plot = f"performance-{payload}-{dist}.svg"
        title = f"Annals to raw and to the best peer: {payload} B, {dist}"
        plots.append((plot, title, measured))
        out += [f"![{title}]({plot})", ""]
        head = [NAMES[p] for p in PEERS] + ["of raw", "of the best peer"]
        out += ["| |" + "|".join(head) + "|", "|---|" + "---:|" * len(head)]
        for m in measured:
            name = f"… {m.row.name}" if m.row.detail else f"**{m.row.name}**"
            cells = [cell(m.numbers[p], m.row.lower) for p in PEERS]
            out.append(f"| {name} |" + "|".join(cells + [show(m.to_raw), show(m.to_best)]) + "|")
            if m.to_best is not None and m.to_best < 1 and not m.row.detail:
                middle = statistics.median(m.numbers["annals"])
                cpu = by_cpu.get((m.row.phase, str(m.row.mine)))
                cpu = f"; by CPU time {show(cpu)}" if cpu and "/s" in m.row.name else ""
                behind.append(f"- {payload} B, {dist}: {m.row.name}: {m.best_name} {si(m.best)},"
                              f" Annals {si(middle)} ({show(m.to_best)} times{cpu})")
    return out, behind, plots


def variants(rows):
    rows = select(rows, payload=256, dist="uniform")
    columns = [("append/s", "append1", "events_per_s", False, {}),
               ("append CPU µs", "append1", "cpu_us_per_event", True, {}),
               ("loads/s", "load-warm", "ops_per_s", False, {}),
               ("replay/s", "replay-warm", "events_per_s", False, {}),
               ("durable, 1 caller/s", "durable", "events_per_s", False, ONE),
               ("disk bytes/event", "append1", "disk_bytes_per_event", True, {})]
    keys = sorted({(r["peer"], r["set"]) for r in rows}, key=lambda k: (PEERS.index(k[0]), k[1]))
    if not any(k[1] for k in keys):
        return []
    out = ["", "### Other tunings, 256 bytes, uniform", "",
           "| |" + "|".join(c[0] for c in columns) + "|", "|---|" + "---:|" * len(columns)]
    for peer, tuning in keys:
        cells = []
        for _, phase, field, lower, more in columns:
            own = select(rows, peer=peer, set=tuning, phase=phase, **more)
            cells.append(cell(values(own, Row("", phase, field)), lower))
        out.append(f"| {NAMES[peer]} {tuning} |" + "|".join(cells) + "|")
    return out


def conditions(machine, rows):
    others = sorted(r["others_cpu"] for r in rows if "others_cpu" in r)
    share = statistics.median(others)
    syncs = [r["calib_sync_us"] for r in rows if r.get("calib_sync_us")]
    slow = sum(s > 2000 for s in syncs)
    return [
        f"- Date {machine['date']}, commit {machine['commit']}, `{machine['command']}`.",
        f"- {machine['cores']} cores of {machine['cpu']}, {machine['memory_gb']} GB; kernel"
        f" {machine['kernel']}; {machine['filesystem']} on {machine['disk']}.",
        f"- {machine['compiler']}; {machine['libraries']}.",
        *([f"- Every phase ran with `{machine['priority']}`."] if machine.get("priority") else []),
        f"- Other processes took {share:.0%} of all cores in the middle phase and"
        f" {others[-1]:.0%} in the worst: "
        + ("take the ratios, and few of their digits." if share > 0.05 else "a quiet machine."),
        f"- Around {slow} of {len(syncs)} durable measurements a bare `pwrite` and `fdatasync` took more"
        " than 2 ms, around the others less: we take it for a virtual processor that sleeps until the"
        f" next tick of its timer. A ratio of figures from either side says nothing of the stores; the bare sync"
        " of each stands in the table.",
    ]


# --- Plots ------------------------------------------------------------------------------------


def svg(title, measured):
    bars = [m for m in measured if m.row.plot and (m.to_raw or m.to_best)]
    ratios = [r for m in bars for r in (m.to_raw, m.to_best) if r]
    if not ratios:
        return None
    low = min(-1, math.floor(math.log10(min(ratios))))
    high = max(1, math.ceil(math.log10(max(ratios))))
    left, width, step, top = 350, 520, 34, 62
    height = top + step * len(bars) + 30

    def x(r):
        return left + (math.log10(r) - low) / (high - low) * width

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 70} {height}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="100%" height="100%" fill="#ffffff"/>',
           f'<text x="12" y="22" font-size="15" fill="#222">{html.escape(title)}</text>',
           '<rect x="12" y="34" width="12" height="10" fill="#8a8a8a"/>',
           '<text x="29" y="43" fill="#222">to raw</text>',
           '<rect x="90" y="34" width="12" height="10" fill="#2f6db5"/>',
           '<text x="107" y="43" fill="#222">to the best peer; right of 1 Annals is ahead</text>']
    for power in range(low, high + 1):
        at = x(10.0 ** power)
        strong = power == 0
        out.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{top - 6}" y2="{height - 22}" '
                   f'stroke="{"#222" if strong else "#ddd"}"/>')
        out.append(f'<text x="{at:.1f}" y="{height - 8}" text-anchor="middle" fill="#222">'
                   f'{10.0 ** power:g}</text>')
    for i, m in enumerate(bars):
        y = top + step * i
        name = m.row.name.split(": ")[0] if not m.row.name.startswith("open after kill") \
            else "open after kill -9, to the first append"
        out.append(f'<text x="{left - 8}" y="{y + 18}" text-anchor="end" fill="#222">'
                   f'{html.escape(name)}</text>')
        for k, (r, color) in enumerate(((m.to_raw, "#8a8a8a"), (m.to_best, "#2f6db5"))):
            if not r:
                continue
            a, b = sorted((x(1), x(r)))
            out.append(f'<rect x="{a:.1f}" y="{y + 2 + 12 * k}" width="{max(b - a, 1):.1f}" '
                       f'height="11" fill="{color}"/>')
            out.append(f'<text x="{b + 4:.1f}" y="{y + 11 + 12 * k}" font-size="10" fill="#222">'
                       f'{show(r)}</text>')
    out.append("</svg>\n")
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--page", type=pathlib.Path)
    arguments = parser.parse_args()
    machine, rows = read(arguments.results)
    body, behind, plots = tables(machine, rows)
    out = conditions(machine, rows)
    out += ["", "### Where another is ahead", ""]
    out += ["Of these ratios the second, where there is one, is of the CPU time of all threads to the "
            "least of any peer: what others do on the machine disturbs it less.", ""]
    out += behind or ["Nowhere in this run."]
    out += body + variants(rows)
    text = "\n".join(out).strip() + "\n"
    if not arguments.page:
        print(text)
        return
    page = arguments.page.read_text()
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        sys.exit(f"{arguments.page} lacks the markers {BEGIN} and {END}")
    head, rest = page.split(BEGIN)
    arguments.page.write_text(f"{head}{BEGIN}\n{text}{END}{rest.split(END)[1]}")
    for name, title, measured in plots:
        plot = svg(title, measured)
        if plot:
            (arguments.page.parent / name).write_text(plot)


main()
