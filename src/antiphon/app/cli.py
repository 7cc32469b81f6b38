"""The ``antiphon`` command. Errors are one line that says what to do; 2 bad usage, 1 failure."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click
import structlog

from antiphon import __version__
from antiphon.app.cli_accounts import audit, statements
from antiphon.app.cli_events import events
from antiphon.app.cli_keys import keys
from antiphon.app.cli_migrate import migrate
from antiphon.app.cli_spatial import spatial
from antiphon.app.cli_voice import voice
from antiphon.app.settings import Settings, load_settings
from antiphon.kernel import AntiphonError


class _OneLine(click.Group):
    """A group whose own errors end in one line and exit status 1."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; turn known errors into one line."""
        try:
            return super().invoke(ctx)
        except AntiphonError as error:
            click.echo(f"antiphon: {error.detail}", err=True)
            sys.exit(1)
        except KeyboardInterrupt:
            click.echo("antiphon: stopped.", err=True)
            sys.exit(130)


@click.group(cls=_OneLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="antiphon")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file; antiphon.toml in this folder is read without it.",
)
@click.pass_context
def main(ctx: click.Context, config: Path | None) -> None:
    """Run a music streaming service.

    Example: antiphon serve --music ~/Music
    """
    ctx.obj = config
    # What a command prints may be read by a program: its logs go elsewhere.
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


_data_option = click.option("--data", help="Data folder; 'data' in this folder without it.")


def _run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


@main.command()
@click.option("--music", multiple=True, help="A folder of music to import and watch.")
@click.option("--demo/--no-demo", default=None, help="Make and serve the demo catalogue.")
@click.option("--host", help="Address to listen on; 127.0.0.1 without it.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on; 8484 without it.")
@click.option("--role", help="Only these roles, separated by commas: music, audio, events.")
@_data_option
@click.pass_obj
def serve(config: Path | None, /, role: str | None, **chosen: Any) -> None:
    """Serve: the player at /, the API at /v1.

    Example: antiphon serve --music ~/Music --data /srv/antiphon
    """
    from antiphon.app.serving import serve as run  # noqa: PLC0415 - keeps --help fast

    music = tuple(str(Path(m).expanduser().absolute()) for m in chosen.pop("music")) or None
    roles = tuple(role.split(",")) if role else None
    run(load_settings(file=config, music=music, roles=roles, **chosen))


@main.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--metadata-only", is_flag=True, help="A delivery without its media: the message.")
@click.option(
    "--acknowledge",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for a delivery's acknowledgements; beside its messages without it.",
)
@click.option(
    "--schemas",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with DDEX's XSDs, to check a delivery's messages by as well.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@_data_option
@click.pass_obj
def import_(  # noqa: PLR0913 - one for each option
    config: Path | None,
    paths: tuple[Path, ...],
    acknowledge: Path | None,
    schemas: Path | None,
    data: str | None,
    *,
    metadata_only: bool,
    as_json: bool,
) -> None:
    """Import folders of music, single files, or deliveries of a label (DDEX ERN).

    A running server shows what was imported at once, and an interrupted import goes on where it
    was. Example: antiphon import ~/Music
    """
    from antiphon.app.importing import import_delivery, import_folders  # noqa: PLC0415 - as above
    from antiphon.rights import is_delivery  # noqa: PLC0415 - as above

    settings = _settings(config, data)
    deliveries = [path for path in paths if metadata_only or is_delivery(path)]
    folders = [path for path in paths if path not in deliveries]
    failed = False
    for path in deliveries:
        work = import_delivery(
            settings,
            path,
            metadata_only=metadata_only,
            acknowledgements=acknowledge,
            schemas=schemas,
            as_json=as_json,
        )
        failed |= _run(work)
    if folders:
        failed |= _run(import_folders(settings, folders, as_json=as_json))
    sys.exit(1 if failed else 0)


@main.group()
def user() -> None:
    """List, add and remove users, set passwords.

    Example: antiphon user add robin
    """


@user.command("list")
@_data_option
@click.pass_obj
def user_list(config: Path | None, data: str | None) -> None:
    """List the users. Example: antiphon user list."""
    from antiphon.app import users  # noqa: PLC0415 - keeps --help fast

    for line in _run(users.listing(_settings(config, data))):
        click.echo(line)


@user.command("add")
@click.argument("username")
@click.option("--owner", is_flag=True, help="Make the first account, which owns the household.")
@click.password_option()
@_data_option
@click.pass_obj
def user_add(
    config: Path | None, username: str, password: str, data: str | None, *, owner: bool
) -> None:
    """Add a user. Example: antiphon user add robin."""
    from antiphon.app import users  # noqa: PLC0415 - keeps --help fast

    click.echo(_run(users.add(_settings(config, data), username, password, owner=owner)))


@user.command("password")
@click.argument("username")
@click.password_option()
@_data_option
@click.pass_obj
def user_password(config: Path | None, username: str, password: str, data: str | None) -> None:
    """Set a password and sign the user out everywhere. Example: antiphon user password robin."""
    from antiphon.app import users  # noqa: PLC0415 - keeps --help fast

    click.echo(_run(users.set_password(_settings(config, data), username, password)))


@user.command("remove")
@click.argument("username")
@click.confirmation_option(prompt="Remove this user with library, playlists and history?")
@_data_option
@click.pass_obj
def user_remove(config: Path | None, username: str, data: str | None) -> None:
    """Remove a user. Example: antiphon user remove robin --yes."""
    from antiphon.app import users  # noqa: PLC0415 - keeps --help fast

    click.echo(_run(users.remove(_settings(config, data), username)))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@_data_option
@click.pass_obj
def doctor(config: Path | None, data: str | None, *, as_json: bool) -> None:
    """Check the installation and say what to do about each finding.

    Example: antiphon doctor --data /srv/antiphon
    """
    from antiphon.app.doctor import examine, print_findings  # noqa: PLC0415 - keeps --help fast

    findings = _run(examine(_settings(config, data)))
    sys.exit(print_findings(findings, as_json=as_json))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@_data_option
@click.pass_obj
def capacity(config: Path | None, data: str | None, *, as_json: bool) -> None:
    """Show how much room music takes, how that grows, and what could be freed.

    Example: antiphon capacity --json
    """
    import msgspec  # noqa: PLC0415 - keeps --help fast

    from antiphon.app import capacity as of  # noqa: PLC0415 - as above

    report = _run(of.capacity(_settings(config, data)))
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(report)))
    else:
        click.echo("\n".join(of.report_lines(report)))


@main.command()
@click.argument("source")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def inspect(source: str, *, as_json: bool) -> None:
    """Check an HLS playlist and its media against the authoring rules.

    Example: antiphon inspect http://127.0.0.1:8484/hls/.../main.m3u8
    """
    from antiphon.app.inspecting import inspect_source  # noqa: PLC0415 - keeps --help fast

    sys.exit(_run(inspect_source(source, as_json=as_json)))


@main.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def bench(name: str | None, *, as_json: bool) -> None:
    """Measure: one benchmark by name, or all. Needs a checkout of the repository.

    Example: antiphon bench ladder --json
    """
    import subprocess  # noqa: PLC0415 - this command only

    root = Path(__file__).parents[3]
    if not (root / "bench").is_dir():
        raise click.UsageError("benchmarks live in the repository: run this in a checkout.")
    command = [sys.executable, "-m", "bench", *([name] if name else [])]
    sys.exit(subprocess.call([*command, *(["--json"] if as_json else [])], cwd=root))  # noqa: S603


@main.command()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--media/--no-media", default=False, help="Include the packaged audio as well.")
@_data_option
@click.pass_obj
def backup(config: Path | None, target: Path, data: str | None, *, media: bool) -> None:
    """Write a consistent copy of the installation to a new folder, while it runs.

    Example: antiphon backup /backups/antiphon-monday
    """
    from antiphon.app.backups import back_up  # noqa: PLC0415 - keeps --help fast

    click.echo(back_up(_settings(config, data), target, media=media))


@main.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True, file_okay=False))
@_data_option
@click.pass_obj
def restore(config: Path | None, source: Path, data: str | None) -> None:
    """Put a backup back into an empty data folder.

    Example: antiphon restore /backups/antiphon-monday --data /srv/antiphon
    """
    from antiphon.app.backups import restore as put_back  # noqa: PLC0415 - keeps --help fast

    click.echo(_run(put_back(_settings(config, data), source)))


main.add_command(migrate)
main.add_command(statements)
main.add_command(audit)
main.add_command(keys)
main.add_command(spatial)
main.add_command(events)
main.add_command(voice)


def _settings(config: Path | None, data: str | None) -> Settings:
    return load_settings(file=config, data=data)
