"""``antiphon inspect``: the streaming room's inspector on a terminal."""

import click

from antiphon.streaming import inspect


async def inspect_source(source: str, *, as_json: bool) -> int:
    """Print the report on a playlist's URL or file; 1 where a MUST is broken."""
    report = await inspect(source)
    click.echo(report.as_json() if as_json else report.as_text())
    return 1 if report.broken else 0
