"""The command ``events``."""

import asyncio
import csv
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import msgspec

from antiphon.app.settings import load_settings

_data_option = click.option("--data", help="Data folder; 'data' in this folder without it.")


@click.group()
def events() -> None:
    """Look after the event log: how far its groups are, and what they could not handle.

    Example: antiphon events status
    """


@events.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_data_option
@click.pass_obj
def events_status(config: Path | None, data: str | None, *, as_json: bool) -> None:
    """Show for each group what it has to read yet, and how many dead letters it has.

    Example: antiphon events status
    """
    from antiphon.app import dead_letters as of  # noqa: PLC0415 - keeps --help fast

    states = asyncio.run(of.group_states(load_settings(file=config, data=data)))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(states)))
        return
    click.echo(f"{'group':<24}{'topic':<12}{'to read':>9}{'dead':>7}")
    for state in states:
        click.echo(f"{state.group:<24}{state.topic:<12}{state.lag:>9}{state.dead:>7}")


@events.command("dead")
@click.argument("group")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@_data_option
@click.pass_obj
def events_dead(config: Path | None, data: str | None, group: str, limit: int) -> None:
    """Show a group's dead letters, a line of JSON each; why stands in the log of its process.

    Example: antiphon events dead search.v1
    """
    from antiphon.app import dead_letters as of  # noqa: PLC0415 - keeps --help fast

    settings = load_settings(file=config, data=data)
    for record in asyncio.run(of.letters(settings, group, limit=limit)):
        payload = record.envelope.payload.decode("utf-8", "replace")
        click.echo(msgspec.json.encode(asdict(record.envelope) | {"payload": payload}).decode())


@events.command("requeue")
@click.argument("group")
@_data_option
@click.pass_obj
def events_requeue(config: Path | None, data: str | None, group: str) -> None:
    """Tell a group's dead letters again, once what was wrong is mended.

    Example: antiphon events requeue search.v1
    """
    from antiphon.app import dead_letters as of  # noqa: PLC0415 - keeps --help fast

    count = asyncio.run(of.requeue(load_settings(file=config, data=data), group))
    click.echo(f"{count} events were told again.")


@events.command("drop")
@click.argument("group")
@_data_option
@click.pass_obj
def events_drop(config: Path | None, data: str | None, group: str) -> None:
    """Give a group's dead letters up.

    Example: antiphon events drop search.v1
    """
    from antiphon.app import dead_letters as of  # noqa: PLC0415 - keeps --help fast

    count = asyncio.run(of.drop(load_settings(file=config, data=data), group))
    click.echo(f"{count} events were given up.")


@events.command("replay")
@click.argument("group")
@_data_option
@click.pass_obj
def events_replay(config: Path | None, data: str | None, group: str) -> None:
    """Make a group's projection again from the log's beginning; the server goes on serving.

    Example: antiphon events replay search.v1
    """
    from antiphon.app import replay as of  # noqa: PLC0415 - keeps --help fast
    from antiphon.app.replaying import Progress  # noqa: PLC0415 - same

    shown = -1

    def tell(progress: Progress) -> None:
        nonlocal shown
        percent = 100 * progress.done // progress.total if progress.total else 100
        if percent != shown:
            shown = percent
            click.echo(f"{percent:>3} % of {progress.total} read", err=True)

    done = asyncio.run(of.replay(load_settings(file=config, data=data), group, tell))
    click.echo(f"{done.events} events were handled, {done.passed_over} could not be.")
    if done.rows is not None:
        click.echo(f"{done.rows} rows of counts were replaced.")
    if done.documents is not None:
        click.echo(f"The index had {done.documents[0]} documents and has {done.documents[1]}.")


@events.command("archive")
@_data_option
@click.pass_obj
def events_archive(config: Path | None, data: str | None) -> None:
    """Put what the log holds into the archive; with archive_seconds a server does so by itself.

    Example: antiphon events archive
    """
    from antiphon.app.archiving import archive_now  # noqa: PLC0415 - keeps --help fast

    counts = asyncio.run(archive_now(load_settings(file=config, data=data)))
    for topic, count in counts.items():
        click.echo(f"{topic:<12}{count:>9} events were archived.")


@events.command("query")
@click.argument("sql")
@click.option("--topic", default="", help="Only files of this topic.")
@click.option("--since", default="", help="Only files of this day and later: 2026-11-28.")
@click.option("--until", default="", help="Only files of this day and earlier.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each row.")
@_data_option
@click.pass_obj
def events_query(config: Path | None, /, data: str | None, sql: str, **chosen: Any) -> None:
    """Ask the archive by SQL; the views are log, events and plays. Prints CSV.

    Example: antiphon events query "SELECT song_id, count(*) FROM plays GROUP BY ALL"
    """
    from antiphon.app.archiving import asked  # noqa: PLC0415 - keeps --help fast
    from antiphon.archive import Span  # noqa: PLC0415 - same

    as_json = chosen.pop("as_json")
    settings = load_settings(file=config, data=data)
    answer = asyncio.run(asked(settings, sql, Span(**chosen)))
    if as_json:
        for row in answer.rows:
            click.echo(msgspec.json.encode(dict(zip(answer.names, row, strict=True))).decode())
        return
    table = csv.writer(sys.stdout)
    table.writerow(answer.names)
    table.writerows(answer.rows)
