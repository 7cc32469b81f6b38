"""What players need besides media to hear and draw a scene: ``/v1/spatial/...``."""

import gzip
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, QueryParameter

from antiphon.audio import PackageStore
from antiphon.catalog import Catalog, Gate, Showing
from antiphon.kernel import NotFound, SongId, is_well_formed
from antiphon.streaming.heads import COMPONENTS, EARS, Heads, etag_of, taps_of

_FOREVER = "private, max-age=31536000, immutable"
_HOME = "/v1/catalog/home"
_OCTETS = "application/octet-stream"
_NOT_MODIFIED = 304

_Rate = Annotated[int, QueryParameter(ge=8000, le=384000, description="Samples a second.")]


class SceneObject(msgspec.Struct, frozen=True):
    """An item of a scene: ``object``, ``speaker`` or ``field``.

    ``track``: milliseconds, x to the right, y to the front, z up; straight between two points.
    """

    name: str
    kind: str
    track: list[tuple[int, float, float, float]]


class SongScene(msgspec.Struct, frozen=True, rename="camel"):
    """Where the objects of a song are over time."""

    duration_ms: int
    objects: list[SceneObject]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes ask: the catalogue, who may hear what, what was kept, the heads."""

    catalog: Catalog
    gate: Gate
    packages: PackageStore
    heads: Heads


class SpatialRoutes(Controller):
    """Scenes and heads."""

    tags = ("Spatial",)

    @get("/songs/{song_id:str}/scene", operation_id="getScene")
    async def scene(
        self,
        request: Request[Any, Any, Any],
        desk: NamedDependency[Desk],
        song_id: FromPath[str],
    ) -> Response[SongScene]:
        """Get where the objects of a song are over time: at most ten points a second."""
        song = await desk.catalog.song(SongId(song_id)) if is_well_formed(song_id) else None
        if song is None:
            raise NotFound(f"There is no song {song_id}.")
        await Showing(desk.catalog, desk.gate, request.user, _HOME).require(song)
        immersive = song.immersive
        packed = (
            await desk.packages.scene(song.recording_id, immersive.content_hash)
            if immersive
            else None
        )
        if immersive is None or packed is None:
            raise NotFound(f"There is no scene of the song {song_id}, or not yet.")
        etag = f'"{immersive.content_hash}"'
        if request.headers.get("if-none-match") == etag:
            return _unchanged(etag)
        scene = msgspec.json.decode(gzip.decompress(packed), type=SongScene)
        return Response(scene, headers={"etag": etag, "cache-control": _FOREVER})

    @get("/heads/{head:str}/filters", operation_id="getHeadFilters", media_type=_OCTETS)
    async def filters(
        self,
        request: Request[Any, Any, Any],
        desk: NamedDependency[Desk],
        head: FromPath[str],
        rate: _Rate = 48000,
    ) -> Response[bytes]:
        """Get the filters of a head: float32, little-endian, (2 ears, 16 components, taps)."""
        found = await desk.heads.filters(head, rate)
        etag = f'"{etag_of(head, rate)}"'
        if request.headers.get("if-none-match") == etag:
            return _unchanged(etag)
        told = {
            "etag": etag,
            "cache-control": _FOREVER,
            "antiphon-ears": str(EARS),
            "antiphon-components": str(COMPONENTS),
            "antiphon-taps": str(taps_of(found)),
            "antiphon-rate": str(rate),
        }
        return Response(found, media_type=_OCTETS, headers=told)


def _unchanged(etag: str) -> Response[Any]:
    headers = {"etag": etag, "cache-control": _FOREVER}
    return Response(b"", status_code=_NOT_MODIFIED, headers=headers)


def spatial_routes(
    catalog: Catalog, gate: Gate, packages: PackageStore, heads: Heads
) -> list[Router]:
    """Return what answers ``/v1/spatial/...``."""
    desk = Desk(catalog, gate, packages, heads)
    return [
        Router(
            path="/v1/spatial",
            route_handlers=[SpatialRoutes],
            dependencies={"desk": Provide(lambda: desk, sync_to_thread=False)},
        )
    ]
