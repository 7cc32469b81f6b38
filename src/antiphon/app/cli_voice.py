"""The command ``voice``."""

import asyncio
from pathlib import Path

import click

from antiphon.app.settings import load_settings

_data_option = click.option("--data", help="Data folder; 'data' in this folder without it.")


@click.group()
def voice() -> None:
    """Ask as a listener would.

    Example: antiphon voice ask "play something relaxing"
    """


@voice.command("ask")
@click.argument("text")
@click.option("--user", help="As whom; the owner without it.")
@_data_option
@click.pass_obj
def voice_ask(config: Path | None, text: str, user: str | None, data: str | None) -> None:
    """Say what a request comes to; nothing is played. Example: antiphon voice ask "who is this"."""
    from antiphon.app import voicing  # noqa: PLC0415 - keeps --help fast

    settings = load_settings(file=config, data=data)
    for line in asyncio.run(voicing.ask(settings, text, username=user)):
        click.echo(line)
