"""The command ``migrate``."""

import asyncio
from typing import TYPE_CHECKING

import click
import msgspec

if TYPE_CHECKING:
    from antiphon.app.migration.moving import Report


@click.command()
@click.option("--from", "source", required=True, help="Data folder (or settings file) to move.")
@click.option("--to", "target", required=True, help="Data folder (or settings file) to move to.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def migrate(source: str, target: str, *, as_json: bool) -> None:
    """Move an installation to other engines, or back to one machine's own.

    Each end is a data folder; antiphon.toml in it names the engines. Both have to be at rest, the
    target empty. What was copied is compared; interrupted, the same command goes on.

    Example: antiphon migrate --from data --to worker
    """
    from antiphon.app.migration.ends import two_ends  # noqa: PLC0415 - keeps --help fast
    from antiphon.app.migration.moving import migrate as move  # noqa: PLC0415 - as above
    from antiphon.app.migration.showing import Bars  # noqa: PLC0415 - as above

    ours, theirs = two_ends(source, target)
    with Bars(hidden=as_json) as bars:
        report = asyncio.run(move(ours, theirs, bars.show))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report)))
    else:
        click.echo(_told(report))


def _told(report: "Report") -> str:
    if report.was_done:
        return f"{report.target} holds all of {report.source} since an earlier run."
    lines = [f"Moved {report.source} to {report.target}; both ends were compared:"]
    lines += [f"  {name:<9}{s.count:>12,}  {s.checksum}" for name, s in report.sums.items()]
    return "\n".join(lines)
