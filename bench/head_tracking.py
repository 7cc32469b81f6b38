"""The player's head tracking in Node: a third-order field to two ears, the head always turning.

CPU time of a block of 128 samples as a share of the time that it plays: what an audio thread pays.
"""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_BLOCK_US = 128 / 48_000 * 1e6


def run() -> dict[str, Any]:
    """Bundle the measurement as the player is, and run it; medians of seven rounds."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "cost.mjs"
        esbuild = str(ROOT / "web/node_modules/.bin/esbuild")
        source = str(ROOT / "web/tests/headTrackingCost.ts")
        bundle = [esbuild, source, "--bundle", "--format=esm", f"--outfile={script}"]
        _in_node(f"{' '.join(bundle)} --log-level=warning")
        costs = json.loads(_in_node(f"node {script}"))
    return {
        "name": "head_tracking",
        "figures": {f"{name}_us_per_block": round(us, 1) for name, us in costs.items()}
        | {"turning_share_of_core": round(costs["turning"] / _BLOCK_US, 4)},
        "targets": {"turning_share_of_core": "< 0.1"},
    }


def _in_node(command: str) -> str:
    shell = ["bash", "-c", f". tools/node.sh && {command}"]
    return subprocess.run(shell, cwd=ROOT, check=True, capture_output=True, text=True).stdout
