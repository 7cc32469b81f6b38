"""The command ``keys``."""

import asyncio
import sys
from pathlib import Path

import click

from antiphon.app.settings import load_settings

_data_option = click.option("--data", help="Data folder; 'data' in this folder without it.")


@click.group()
def keys() -> None:
    """Look after the keys of protected music and of access tokens.

    Example: antiphon keys status
    """


@keys.command("status")
@_data_option
@click.pass_obj
def keys_status(config: Path | None, data: str | None) -> None:
    """Show what is wrapped by what; status 1 where a key cannot be opened.

    Example: antiphon keys status
    """
    from antiphon.app import keys as of  # noqa: PLC0415 - keeps --help fast

    is_well, lines = asyncio.run(of.status(load_settings(file=config, data=data)))
    for line in lines:
        click.echo(line)
    sys.exit(0 if is_well else 1)


@keys.command("rotate")
@_data_option
@click.pass_obj
def keys_rotate(config: Path | None, data: str | None) -> None:
    """Wrap all keys under a new key-encryption key; killed, it goes on at the next call.

    Example: antiphon keys rotate
    """
    from antiphon.app import keys as of  # noqa: PLC0415 - keeps --help fast

    click.echo(asyncio.run(of.rotate(load_settings(file=config, data=data))))


@keys.command("repackage")
@_data_option
@click.pass_obj
def keys_repackage(config: Path | None, data: str | None) -> None:
    """Encrypt what is in the clear and should not be, or the reverse, after 'protect' changed.

    Example: antiphon keys repackage
    """
    from antiphon.app.repackaging import repackage  # noqa: PLC0415 - keeps --help fast

    click.echo(asyncio.run(repackage(load_settings(file=config, data=data))))


@keys.command("reset-streams")
@click.argument("household", required=False, default="")
@_data_option
@click.pass_obj
def keys_reset_streams(config: Path | None, household: str, data: str | None) -> None:
    """Forget which devices play, after the clock had run ahead and licences are refused.

    Example: antiphon keys reset-streams
    """
    from antiphon.app import keys as of  # noqa: PLC0415 - keeps --help fast

    click.echo(asyncio.run(of.reset_streams(load_settings(file=config, data=data), household)))


@keys.command("rotate-signing")
@_data_option
@click.pass_obj
def keys_rotate_signing(config: Path | None, data: str | None) -> None:
    """Announce a new key for access tokens, as happens by itself every 90 days.

    Example: antiphon keys rotate-signing
    """
    from antiphon.app import keys as of  # noqa: PLC0415 - keeps --help fast

    click.echo(asyncio.run(of.rotate_signing(load_settings(file=config, data=data))))
