"""The README's table of figures: one line per promise, its goal, and who stands beside it."""

import os
import platform
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """One promise: where its figure and its peer's lie in a benchmark's result."""

    what: str
    bench: str
    figure: str
    unit: str = ""
    goal: str = ""
    peer: str = ""
    beside: str = ""

    def cells(self, result: Mapping[str, Any]) -> list[str] | None:
        """Return the line's cells, or None where the result has no such figure."""
        own = found(result.get("figures"), self.figure)
        if own is None:
            return None
        other = found(result.get("peer"), self.peer) if self.peer else None
        beside = f"{self.beside}: {_number(other)} {self.unit}".strip() if other is not None else ""
        return [self.what, f"{_number(own)} {self.unit}".strip(), self.goal, beside]


def lines() -> list[Line]:
    """Return the lines of ``figures.toml``."""
    told = tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))
    return [Line(**line) for line in told["line"]]


def readme_table(results: Sequence[Mapping[str, Any]]) -> str:
    """Return the README's table of all figures that were measured."""
    by_name = {str(result["name"]).rstrip("_"): result for result in results}
    rows = [
        f"Machine: {machine()}, shared with others.",
        "",
        "| what | measured | goal | beside it, same run |",
        "|---|---|---|---|",
    ]
    for line in lines():
        result = by_name.get(line.bench.rstrip("_"))
        cells = None if result is None else line.cells(result)
        if cells is not None:
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def found(tree: Any, path: str) -> float | None:
    """Return the number at a dotted path, or None."""
    for part in path.split("."):
        if not isinstance(tree, Mapping):
            return None
        tree = tree.get(part)
    return tree if isinstance(tree, int | float) else None


def machine() -> str:
    """Return what these figures were measured on."""
    told = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    models = (line.split(":", 1)[1].strip() for line in told if line.startswith("model name"))
    model = next(models, platform.processor())
    return f"{os.cpu_count()} cores, {model}, Python {platform.python_version()}"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
