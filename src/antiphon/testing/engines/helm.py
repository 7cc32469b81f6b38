"""Helm, from its Go module, to look at charts with; no cluster is needed for that."""

import subprocess
from pathlib import Path

from antiphon.testing.engines.installing import go_tool

_PACKAGE = "helm.sh/helm/v3/cmd/helm"
_VERSION = "v3.19.0"
_SECONDS = 60


def install_helm(cache: Path) -> Path:
    """Return the program, built first where it is missing; ``CannotInstall`` says what lacks."""
    return go_tool(_PACKAGE, _VERSION, cache)


def run_helm(cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Helm and return what it said; built first, into ``cache``, where it is missing.

    Raises ``CannotInstall`` where it cannot be built.
    """
    command = [str(install_helm(cache)), *arguments]
    return subprocess.run(  # noqa: S603 - the command is ours
        command, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
