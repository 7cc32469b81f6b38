"""``python -m antiphon.testing.engines [NAME ...]``: run engines until told to stop."""

import argparse
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import click

from antiphon.testing.engines import EMULATORS, ENGINES, CannotInstall, Engine
from antiphon.testing.engines.engine import EngineFailed
from antiphon.testing.engines.helm import install_helm
from antiphon.testing.engines.three import THREE, ThreeNodes

_SETTING = {
    "redis": "CACHE",
    "s3": "OBJECTS",
    "azure": "OBJECTS",
    "kafka": "EVENTS",
    "cassandra": "TABLES",
    "bigtable": "TABLES",
    "hdfs": "WORKSPACE",
}


def main() -> int:
    """Start what is named, all without names, and print what a shell can take as settings."""
    parser = argparse.ArgumentParser(prog="antiphon.testing.engines", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *ENGINES, *EMULATORS], metavar="NAME")
    parser.add_argument("--cache", type=Path, default=Path(".cache/engines"))
    parser.add_argument(
        "--three", choices=THREE, action="append", default=[], help="three nodes of it; needs root"
    )
    parser.add_argument("--install", action="store_true", help="only fetch what they all need")
    chosen = parser.parse_args()
    if chosen.install:
        return _install(chosen.cache.absolute())
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="antiphon-engines-") as folder, ExitStack() as stack:
        status = 0
        kinds: list[type[Engine | ThreeNodes]] = [THREE[name] for name in chosen.three]
        kinds += [
            (ENGINES | EMULATORS)[name] for name in chosen.names or ([] if kinds else ENGINES)
        ]
        for kind in kinds:
            name = kind.name
            engine = kind(Path(folder) / name, chosen.cache.absolute())
            began = time.monotonic()
            try:
                stack.enter_context(engine)
            except (CannotInstall, EngineFailed) as fault:
                click.echo(f"# {name}: {fault}", err=True)
                status = 1
                continue
            click.echo(f"# {name} after {time.monotonic() - began:.1f} s")
            for variable, value in engine.settings().items():
                click.echo(f"export {variable}='{value}'")
            click.echo(f"export ANTIPHON_{_SETTING[name]}='{engine.url}'")
        try:
            signal.pause()
        except KeyboardInterrupt:
            return status
        return status


def _install(cache: Path) -> int:
    """Fetch all engines, emulators and Helm, so that no test has to wait for that."""
    with tempfile.TemporaryDirectory(prefix="antiphon-engines-") as folder:
        makers = {
            name: kind(Path(folder) / name, cache).install
            for name, kind in (ENGINES | EMULATORS).items()
        }
        status = 0
        for name, install in (makers | {"helm": partial(install_helm, cache)}).items():
            began = time.monotonic()
            try:
                install()
            except CannotInstall as lack:
                click.echo(f"# {name}: {lack}", err=True)
                status = 1
            else:
                click.echo(f"# {name}: {time.monotonic() - began:.1f} s")
        return status


if __name__ == "__main__":
    sys.exit(main())
