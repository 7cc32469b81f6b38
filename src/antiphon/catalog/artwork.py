"""Artwork: checked and measured when it arrives, stored once, cut to size when first asked for.

Pictures come from files that anybody may have made. So only formats on a list are opened, their
declared size is checked before a pixel is decoded, and no size above the source is ever made.
"""

import asyncio
import hashlib
import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageFile, UnidentifiedImageError

from antiphon.catalog.colors import palette
from antiphon.catalog.model import Artwork
from antiphon.catalog.store import CatalogStore, StoredArtwork
from antiphon.kernel import ArtworkId, Corrupt, Invalid, derived_id
from antiphon.storage import Objects, Tables

SIZES = (64, 128, 300, 600, 1200)
MAX_BYTES = 20 * 1024 * 1024
MAX_PIXELS = 40_000_000
MAX_SIDE = 12_000
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")  # no SVG, no TIFF, nothing that runs or nests
_QUALITY = 85
_KEPT_SIDE = 1600
_KEPT_BYTES = 1024 * 1024
_SAMPLE = 64  # pixels a side: what the colours are taken from
_AT_ONCE = 2  # decodes at a time: each may hold MAX_PIXELS * 3 bytes


@dataclass(frozen=True, slots=True)
class PreparedArtwork:
    """A picture that has been checked, with its colours, ready to be kept."""

    artwork: Artwork
    content_type: str
    data: bytes


def artwork_id(data: bytes) -> ArtworkId:
    """Return the id of the picture that these bytes are."""
    return ArtworkId(derived_id("artwork", hashlib.blake2b(data, digest_size=20).hexdigest()))


def prepare(data: bytes) -> PreparedArtwork:
    """Check a picture, measure it and pick its colours; ``Corrupt`` says why it is refused.

    Of one that is larger than any use of it, a smaller copy is kept.
    """
    image = _opened(data)
    width, height = image.size
    content_type = Image.MIME.get(image.format or "", "application/octet-stream")
    kept = data
    if len(data) > _KEPT_BYTES or max(width, height) > _KEPT_SIDE:
        kept, content_type = render(data, _KEPT_SIDE), "image/jpeg"
        image = _opened(kept)
    image.draft("RGB", (_SAMPLE, _SAMPLE))  # JPEG only: decodes at an eighth of the size
    sample = _rgb(_loaded(image)).resize((_SAMPLE, _SAMPLE), Image.Resampling.BOX)
    colors = palette(sample.tobytes())
    artwork = Artwork(artwork_id(data), width, height, *colors)
    return PreparedArtwork(artwork, content_type, kept)


def render(data: bytes, size: int) -> bytes:
    """Return a JPEG of the picture that fits a square of ``size``, never larger than the source."""
    image = _opened(data)
    image.draft("RGB", (size * 2, size * 2))
    picture = _rgb(_loaded(image))
    picture.thumbnail((size, size), Image.Resampling.LANCZOS, reducing_gap=2.0)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY, optimize=True, progressive=size > SIZES[1])
    return out.getvalue()


class ArtworkShelf:
    """Artwork in the object store: ``artwork/{id}/source``, and ``{size}.jpg`` once asked for."""

    def __init__(self, store: CatalogStore, objects: Objects) -> None:
        self._store = store
        self._objects = objects
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._making: dict[str, asyncio.Task[None]] = {}

    @classmethod
    def on(cls, tables: Tables, objects: Objects) -> "ArtworkShelf":
        """Return the shelf of a catalogue by its ports."""
        return cls(CatalogStore(tables), objects)

    async def keep(self, prepared: PreparedArtwork) -> None:
        """Keep a new picture: first its bytes, then the row that says that they are there."""
        artwork = prepared.artwork
        await self._objects.put(_source_key(artwork.id), prepared.data, create_only=True)
        await self._store.put_artwork(StoredArtwork(artwork, prepared.content_type))

    async def known(self, artwork_id: ArtworkId) -> Artwork | None:
        """Return what is known of a picture that was kept before."""
        stored = await self._store.artwork(artwork_id)
        return stored.artwork if stored else None

    async def key(self, artwork_id: ArtworkId, size: int) -> str | None:
        """Return the key of one size, made now if it is not there; None without such artwork."""
        if size not in SIZES:
            offered = ", ".join(map(str, SIZES))
            raise Invalid(f"Artwork comes in {offered}, not {size}.", parameter="size")
        stored = await self._store.artwork(artwork_id)
        if stored is None:
            return None
        key = f"artwork/{artwork_id}/{_useful(stored.artwork, size)}.jpg"
        if await self._objects.head(key) is None:
            await self._make(key, artwork_id, size)
        return key

    async def read(self, artwork_id: ArtworkId, size: int) -> bytes | None:
        """Return one size."""
        key = await self.key(artwork_id, size)
        return await self._objects.get(key) if key else None

    async def _make(self, key: str, artwork_id: ArtworkId, size: int) -> None:
        task = self._making.get(key)
        if task is None:
            task = asyncio.create_task(self._made(key, artwork_id, size))
            self._making[key] = task
            task.add_done_callback(lambda _: self._making.pop(key, None))
        await asyncio.shield(task)

    async def _made(self, key: str, artwork_id: ArtworkId, size: int) -> None:
        async with self._room:
            source = await self._objects.get(_source_key(artwork_id))
            if source is None:
                raise Corrupt("The source of an artwork is missing.", artwork_id=artwork_id)
            await self._objects.put(key, await asyncio.to_thread(render, source, size))


def _source_key(artwork_id: ArtworkId) -> str:
    return f"artwork/{artwork_id}/source"


def _useful(artwork: Artwork, size: int) -> int:
    """Return the smallest offered size that shows all there is, if ``size`` is above it."""
    side = max(artwork.width, artwork.height)
    return min(size, next((s for s in SIZES if s >= side), SIZES[-1]))


def _opened(data: bytes) -> Image.Image:
    if not data:
        raise Corrupt("the picture is empty")
    if len(data) > MAX_BYTES:
        raise Corrupt(f"the picture has {len(data)} bytes, more than {MAX_BYTES}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the check follows
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except Image.DecompressionBombError as fault:
        raise Corrupt(f"the picture has more than {MAX_PIXELS} pixels") from fault
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as fault:
        raise Corrupt("the picture is of no known kind, or damaged") from fault
    width, height = image.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE or min(width, height) < 1:
        raise Corrupt(f"the picture is {width} x {height}, more than {MAX_PIXELS} pixels")
    return image


def _loaded(image: ImageFile.ImageFile | Image.Image) -> Image.Image:
    try:
        image.load()
    except (OSError, SyntaxError, ValueError, MemoryError, Image.DecompressionBombError) as fault:
        raise Corrupt("the picture is damaged") from fault
    return image


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        layered = image.convert("RGBA")
        ground = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(ground, layered).convert("RGB")
    return image.convert("RGB")
