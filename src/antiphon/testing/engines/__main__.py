"""``python -m antiphon.testing.engines [NAME ...]``: run engines until told to stop."""

import argparse
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import click

from antiphon.testing.engines import ENGINES, CannotInstall
from antiphon.testing.engines.engine import EngineFailed

_SETTING = {
    "redis": "CACHE",
    "s3": "OBJECTS",
    "kafka": "EVENTS",
    "cassandra": "TABLES",
    "bigtable": "TABLES",
    "hdfs": "WORKSPACE",
}


def main() -> int:
    """Start what is named, all without names, and print what a shell can take as settings."""
    parser = argparse.ArgumentParser(prog="antiphon.testing.engines", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *ENGINES], metavar="NAME")
    parser.add_argument("--cache", type=Path, default=Path(".cache/engines"))
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="antiphon-engines-") as folder, ExitStack() as stack:
        status = 0
        for name in chosen.names or ENGINES:
            engine = ENGINES[name](Path(folder) / name, chosen.cache.absolute())
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


if __name__ == "__main__":
    sys.exit(main())
