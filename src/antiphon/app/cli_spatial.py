"""The command ``spatial``."""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

_channels_option = click.option(
    "--channels-are",
    help="What the channels of a file without ADM are: 0+5+0, 4+7+0 ... or ambisonics.",
)
_programme_option = click.option("--programme", help="Id of the programme; the first without it.")
_in = click.argument("master", type=click.Path(path_type=Path, dir_okay=False))
_out = click.argument("target", type=click.Path(path_type=Path, dir_okay=False))


@click.group()
def spatial() -> None:
    """Look into immersive masters, and render them to loudspeakers or headphones.

    Example: antiphon spatial render master.wav --layout 4+7+0 out.wav
    """


@spatial.command("info")
@_in
@_channels_option
@_programme_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def spatial_info(
    master: Path, channels_are: str | None, programme: str | None, *, as_json: bool
) -> None:
    """Show what a master is: its programme, what sounds in it, what had to be mended.

    Example: antiphon spatial info master.wav
    """
    from antiphon.app.spatial_about import described  # noqa: PLC0415 - keeps --help fast
    from antiphon.app.spatial_files import opened_master  # noqa: PLC0415 - as above

    with opened_master(master, channels_are=channels_are, programme=programme) as (file, scene):
        about = described(file, scene)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(about)))
    else:
        _print(about)


def _print(about: dict[str, Any]) -> None:
    click.echo(
        f"{about['kind']}: {about['programme'] or 'no programme'}, {about['channels']} channels, "
        f"{about['sampleRate']} Hz, {about['bits']} bit, {about['seconds']} s"
    )
    for item in about["items"]:
        more = [str(item[k]) for k in ("label", "order", "headphones") if item.get(k) is not None]
        blocks = f"{item['blocks']} blocks" if "blocks" in item else ""
        words = [item["type"], *more, blocks]
        click.echo(f"  {item['name'][:32]:<32} {' '.join(word for word in words if word)}")
    for repair in about["repairs"]:
        click.echo(f"  mended: {repair}")


@spatial.command("render")
@_in
@_out
@click.option("--layout", required=True, help="0+2+0 to 9+10+3, binaural, or ambisonics.")
@_channels_option
@_programme_option
@click.option(
    "--head",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="SOFA file of a measured head, for binaural; a modelled one without it.",
)
@click.option("--head-radius", type=click.FloatRange(60, 120), help="Of the model, in mm; 87.5.")
@click.option("--yaw", type=float, default=0.0, help="Where the head looks: degrees to the left.")
@click.option("--gain", "gain_db", type=click.FloatRange(-60, 20), default=0.0, help="In dB.")
def spatial_render(master: Path, target: Path, **chosen: Any) -> None:
    """Render a master to loudspeakers, to two ears, or to third-order ambisonics: WAV, 24 bit.

    Example: antiphon spatial render master.wav --layout binaural out.wav
    """
    from antiphon.app.spatial_files import Wanted, render_file  # noqa: PLC0415 - as above
    from antiphon.spatial import HeadPose  # noqa: PLC0415 - as above

    wanted = Wanted(
        pose=HeadPose(yaw=chosen.pop("yaw")), head_radius_mm=chosen.pop("head_radius"), **chosen
    )
    shows = sys.stderr.isatty()

    def tell(done: float, speed: float) -> None:
        if shows:
            click.echo(f"\r{done:4.0%}, {speed:5.1f} x real time", err=True, nl=False)

    made = render_file(master, target, wanted, tell)
    if shows:
        click.echo("\r", err=True, nl=False)
    speed = made.seconds / max(made.cpu_seconds, 1e-9)
    click.echo(
        f"{target}: {made.channels} channels, {made.seconds:.1f} s, {speed:.0f} x real time, "
        f"peak {made.peak:.3f}"
    )
    if made.clipped:
        click.echo(
            f"{made.clipped} samples were beyond full scale: choose a lower --gain.", err=True
        )


@spatial.command("plot")
@_in
@_out
@_programme_option
def spatial_plot(master: Path, target: Path, programme: str | None) -> None:
    """Draw where the objects of a master are over time, as SVG.

    Example: antiphon spatial plot master.wav scene.svg
    """
    from antiphon.app.spatial_about import plotted  # noqa: PLC0415 - as above
    from antiphon.app.spatial_files import opened_master  # noqa: PLC0415 - as above

    with opened_master(master, programme=programme) as (file, scene):
        target.write_text(plotted(scene, file.frames / file.format.sample_rate), "utf-8")
    click.echo(f"{target}: {len(scene.items)} items.")
