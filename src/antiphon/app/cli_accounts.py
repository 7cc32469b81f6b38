"""The commands ``statements`` and ``audit``."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from antiphon.app.settings import load_settings

_data_option = click.option("--data", help="Data folder; 'data' in this folder without it.")
_money_option = click.option(
    "--money",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TOML file with currency, pools and rates, in place of what was written down.",
)


@click.group()
def statements() -> None:
    """State plays to rights holders, month by month.

    Example: antiphon statements show 2026-11 --money november.toml
    """


@statements.command("show")
@click.argument("month")
@_money_option
@_data_option
@click.pass_obj
def statements_show(config: Path | None, month: str, money: Path | None, data: str | None) -> None:
    """Show plays and money by holder. Example: antiphon statements show 2026-11."""
    from antiphon.app import accounts  # noqa: PLC0415 - keeps --help fast

    for line in asyncio.run(accounts.show(load_settings(file=config, data=data), month, money)):
        click.echo(line)


@statements.command("close")
@click.argument("month")
@_data_option
@click.pass_obj
def statements_close(config: Path | None, month: str, data: str | None) -> None:
    """Close a month for good. Example: antiphon statements close 2026-11."""
    from antiphon.app import accounts  # noqa: PLC0415 - keeps --help fast

    click.echo(asyncio.run(accounts.close(load_settings(file=config, data=data), month)))


@statements.command("export")
@click.argument("month")
@click.argument("target", type=click.Path(path_type=Path, file_okay=False))
@_money_option
@_data_option
@click.pass_obj
def statements_export(
    config: Path | None, month: str, target: Path, money: Path | None, data: str | None
) -> None:
    """Write DDEX DSR and CSV files of a closed month.

    Example: antiphon statements export 2026-11 out --money november.toml
    """
    from antiphon.app import accounts  # noqa: PLC0415 - keeps --help fast

    settings = load_settings(file=config, data=data)
    for name in asyncio.run(accounts.export(settings, month, money, target)):
        click.echo(name)


@statements.command("money")
@click.argument("month")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@_data_option
@click.pass_obj
def statements_money(config: Path | None, month: str, file: Path, data: str | None) -> None:
    """Write down what came in for a month, once for show, export and the player.

    Example: antiphon statements money 2026-11 november.toml
    """
    from antiphon.app import accounts  # noqa: PLC0415 - keeps --help fast

    click.echo(asyncio.run(accounts.set_money(load_settings(file=config, data=data), month, file)))


@statements.command("rule")
@click.argument("subject")
@click.option("--seconds", type=click.FloatRange(0, 86_400), default=30.0, help="Heard at least.")
@click.option(
    "--percent", type=click.FloatRange(0, 100), default=50.0, help="Never more of a song than that."
)
@click.option(
    "--from", "since", type=click.DateTime(["%Y-%m-%d"]), help="A day (UTC) to come; now without."
)
@_data_option
@click.pass_obj
def statements_rule(
    config: Path | None,
    subject: str,
    seconds: float,
    percent: float,
    since: datetime | None,
    data: str | None,
) -> None:
    """Say what counts as a play for a label (its party id) or for one of its releases.

    Example: antiphon statements rule PADPIDA2010072304E --seconds 60 --from 2027-01-01
    """
    from antiphon.app import accounts  # noqa: PLC0415 - keeps --help fast

    begins = since.replace(tzinfo=UTC) if since else None
    settings = load_settings(file=config, data=data)
    click.echo(asyncio.run(accounts.set_rule(settings, subject, seconds, percent, begins)))


@statements.command("rules")
@_data_option
@click.pass_obj
def statements_rules(config: Path | None, data: str | None) -> None:
    """Show what counts as a play. Example: antiphon statements rules."""
    from antiphon.app import accounts  # noqa: PLC0415 - keeps --help fast

    for line in asyncio.run(accounts.rules(load_settings(file=config, data=data))):
        click.echo(line)


@statements.command("reconcile")
@click.argument("month")
@click.option(
    "--served",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV from access logs: grant, milliseconds of segments sent.",
)
@_data_option
@click.pass_obj
def statements_reconcile(
    config: Path | None, month: str, served: Path | None, data: str | None
) -> None:
    """Count the log again beside the ledger; status 1 where they differ.

    Example: antiphon statements reconcile 2026-11
    """
    from antiphon.app import accounts  # noqa: PLC0415 - keeps --help fast

    settings = load_settings(file=config, data=data)
    found = asyncio.run(accounts.reconcile(settings, month, served))
    for line in found or ["Everything fits."]:
        click.echo(line)
    sys.exit(1 if found else 0)


@click.group()
def audit() -> None:
    """Check the log of changes. Example: antiphon audit verify."""


@audit.command("verify")
@click.option("--end", help="The end that an earlier check printed last.")
@_data_option
@click.pass_obj
def audit_verify(config: Path | None, end: str | None, data: str | None) -> None:
    """Follow the chain of hashes; status 1 where it is broken. Example: antiphon audit verify."""
    from antiphon.app import accounts  # noqa: PLC0415 - keeps --help fast

    settings = load_settings(file=config, data=data)
    is_whole, sentence = asyncio.run(accounts.verify_audit(settings, end))
    click.echo(sentence)
    sys.exit(0 if is_whole else 1)
