"""``python -m bench [NAME ...]``: every figure beside its peer in the same run."""

import argparse
import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from bench.figures import machine, readme_table

HERE = Path(__file__).parent
NOT_BENCHES = {"__init__", "__main__", "streaming_house"}
RESULTS = HERE / "results.json"
BEGIN, END = "<!-- figures:begin -->", "<!-- figures:end -->"


def names() -> list[str]:
    found = sorted(f.stem for f in HERE.glob("*.py") if f.stem not in NOT_BENCHES)
    return [n for n in found if "def run(" in (HERE / f"{n}.py").read_text("utf-8")]


def measure(name: str) -> dict[str, Any]:
    began = time.time()
    result = dict(importlib.import_module(f"bench.{name}").run())
    result.setdefault("name", name)
    result["seconds"] = round(time.time() - began, 1)
    result["load"] = round(os.getloadavg()[0], 1)
    return result


def table(results: list[dict[str, Any]]) -> str:
    lines = [
        f"Machine: {machine()}.",
        "",
        "| benchmark | figures | beside it | goals |",
        "|---|---|---|---|",
    ]
    for result in results:
        cells = [_plain(result.get(part)) for part in ("figures", "peer", "targets")]
        lines.append(f"| {result['name']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "<br>".join(f"{k.replace('_', ' ')}: {_plain(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_plain(v) for v in value)
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return "" if value is None else str(value).replace("|", "/")


def remembered(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return these results and the earlier ones of benchmarks that were not run now."""
    earlier = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else []
    by_name = {result["name"]: result for result in [*earlier, *results]}
    return [by_name[name] for name in sorted(by_name)]


def write_readme(text: str) -> None:
    readme = HERE.parent / "README.md"
    whole = readme.read_text("utf-8")
    head, rest = whole.split(BEGIN, 1)
    tail = rest.split(END, 1)[1]
    readme.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}", "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(names())}; all without one")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--readme", action="store_true", help="write the table into the README")
    options = parser.parse_args()
    unknown = set(options.names) - set(names())
    if unknown:
        parser.error(f"there is no benchmark {min(unknown)}; there are {', '.join(names())}")
    results = []
    for name in options.names or names():
        print(f"measuring {name} ...", file=sys.stderr)
        results.append(measure(name))
    print(json.dumps(results, indent=2) if options.json else table(results))
    kept = remembered(results)
    RESULTS.write_text(json.dumps(kept, indent=2), "utf-8")
    if options.readme:
        write_readme(readme_table(kept))
    return 0


if __name__ == "__main__":
    sys.exit(main())
