"""A song made ready to be served: its package, and all that follows from it, worked out once."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from antiphon.audio import Package, Rendition, Rung, is_rendered_from
from antiphon.catalog import Master
from antiphon.kernel import RecordingId, SongId
from antiphon.rights import DrmSignalling
from antiphon.streaming.hls import (
    KeyForm,
    key_tag,
    media_playlist,
    multivariant_playlist,
    target_duration,
)

Headers = list[tuple[bytes, bytes]]

SEGMENT_MIME = b"video/iso.segment"  # Apple 10.4, also for audio
INIT_MIME = b"audio/mp4"
PLAYLIST_MIME = b"application/vnd.apple.mpegurl"
_FOREVER = b"private, max-age=31536000, immutable"
_PLAYLIST_CACHE = b"private, max-age=300"
_BYTES_PER_SONG = 4000
_BYTES_PER_SEGMENT = 100
_BYTES_PER_FILE = 900  # headers, entity tag, key
_GZIP = 31  # zlib's window bits for a gzip header; it writes no time, so equal text, equal bytes


@dataclass(slots=True)
class ServedFile:
    """One object as it is sent: where it is, how long, and with which headers.

    ``path`` is filled in when it is first sent, where the object is a local file.
    """

    key: str
    size: int
    etag: bytes
    headers: Headers
    path: str | None = None


@dataclass(frozen=True, slots=True)
class ServedPlaylist:
    """One playlist as it is sent, plain and gzipped."""

    plain: bytes
    packed: bytes
    etag: bytes
    plain_headers: Headers
    packed_headers: Headers

    @property
    def cost(self) -> int:
        """Return about how many bytes of memory this takes."""
        return len(self.plain) + len(self.packed) + 1500


class PreparedRendition:
    """One rung of a prepared song; files are described when they are first asked for."""

    __slots__ = ("_files", "_tag", "rendition")

    def __init__(self, rendition: Rendition, tag: str) -> None:
        self.rendition = rendition
        self._tag = tag
        self._files: dict[int, ServedFile] = {}

    @property
    def cost(self) -> int:
        """Return about how many bytes of memory this takes now."""
        return _BYTES_PER_SEGMENT * len(self.rendition.segments) + _BYTES_PER_FILE * len(
            self._files
        )

    @property
    def duration_ms(self) -> int:
        """Return how long the rendition plays."""
        return self.rendition.samples * 1000 // self.rendition.sample_rate

    def length_ms(self, number: int) -> int:
        """Return how long a segment plays."""
        return self.rendition.segments[number].samples * 1000 // self.rendition.sample_rate

    def init_section(self) -> ServedFile:
        """Return the init section."""
        return self._files.get(-1) or self._describe(-1)

    def segment(self, number: int) -> ServedFile | None:
        """Return a media segment, or None past the last."""
        file = self._files.get(number)
        if file is None and number < len(self.rendition.segments):
            file = self._describe(number)
        return file

    def etag(self, name: str) -> bytes:
        """Return the entity tag of a part of this rendition; new bytes, new tag."""
        return f'"{self._tag}-{self.rendition.rung}-{name}"'.encode()

    def _describe(self, number: int) -> ServedFile:
        rendition = self.rendition
        name = "init" if number < 0 else str(number)
        size = rendition.init_size if number < 0 else rendition.segments[number].size
        etag = self.etag(name)
        headers = media_headers(INIT_MIME if number < 0 else SEGMENT_MIME, size, etag)
        key = rendition.init_key if number < 0 else rendition.segment_key(number)
        file = self._files[number] = ServedFile(key, size, etag, headers)
        return file


class PreparedSong:
    """A song with its package; immutable but for what is worked out on first use."""

    __slots__ = (
        "explicit",
        "immersive",
        "package",
        "recording_id",
        "renditions",
        "song_id",
        "version",
    )

    def __init__(
        self,
        song_id: SongId,
        package: Package,
        *,
        explicit: bool = False,
        immersive: Master | None = None,
    ) -> None:
        """Make it ready; renderings of another immersive master than this one are passed over."""
        self.song_id = song_id
        self.explicit = explicit
        self.immersive = immersive
        self.recording_id: RecordingId = package.recording_id
        self.package = package
        self.version = _fingerprint(package, immersive)
        # What departs was granted to some, who still get it; what is offered comes after it.
        sent = [*(d.rendition for d in package.departing), *package.renditions]
        self.renditions: dict[Rung, PreparedRendition] = {
            r.rung: PreparedRendition(r, self.version)
            for r in sent
            if r.segments and self._is_current(r)
        }

    @property
    def variants(self) -> list[Rendition]:
        """Return what is on offer in stereo."""
        return [r for r in self._offered if r.rung.spatial_kind is None]

    @property
    def spatial(self) -> list[Rendition]:
        """Return what is on offer in space."""
        return [r for r in self._offered if r.rung.spatial_kind is not None]

    @property
    def _offered(self) -> list[Rendition]:
        return [r for r in self.package.renditions if r.segments and self._is_current(r)]

    def _is_current(self, rendition: Rendition) -> bool:
        if rendition.rung.spatial_kind is None:
            return True
        immersive = self.immersive
        return immersive is not None and is_rendered_from(rendition, immersive.content_hash)

    @property
    def duration_ms(self) -> int:
        """Return the longest rendition's length; 0 where nothing is packaged."""
        held = [r.rendition for r in self.renditions.values()]
        return max((r.samples * 1000 // r.sample_rate for r in held), default=0)

    @property
    def cost(self) -> int:
        """Return about how many bytes of memory this takes now."""
        return _BYTES_PER_SONG + sum(r.cost for r in self.renditions.values())

    @property
    def is_encrypted(self) -> bool:
        """Whether players need keys."""
        return any(r.rendition.kid for r in self.renditions.values())

    def multivariant(
        self, rungs: Sequence[Rung], form: KeyForm, words: Sequence[DrmSignalling] = ()
    ) -> ServedPlaylist:
        """Return the multivariant playlist of those ``rungs`` that are packaged, in their order."""
        variants = [self.renditions[r].rendition for r in rungs if r in self.renditions]
        session = [word.hls_master for word in words if word.hls_master]
        return _served(multivariant_playlist(variants, form=form, session_keys=session))

    def media(
        self, rung: Rung, form: KeyForm | None, words: Sequence[DrmSignalling] = ()
    ) -> ServedPlaylist:
        """Return the media playlist of a rung that is packaged.

        ``form`` None: keys come by the DRM systems of ``words`` only.
        """
        rendition = self.renditions[rung].rendition
        keys = [key_tag(rendition, form)] if rendition.kid and form is not None else []
        keys += [word.hls_media for word in words if word.hls_media]
        target = target_duration([r.rendition for r in self.renditions.values()])
        return _served(media_playlist(rendition, target=target, keys=keys))


def media_headers(mime: bytes, size: int, etag: bytes) -> Headers:
    """Return the headers of media bytes: they never change under their URL."""
    return [
        (b"content-type", mime),
        (b"content-length", b"%d" % size),
        (b"etag", etag),
        (b"cache-control", _FOREVER),
        (b"accept-ranges", b"bytes"),
        (b"x-content-type-options", b"nosniff"),
    ]


def _served(text: str) -> ServedPlaylist:
    plain = text.encode()
    packed = zlib.compress(plain, 6, wbits=_GZIP)
    tag = blake2b(plain, digest_size=12).hexdigest()
    etag = f'W/"{tag}"'.encode()  # weak: the same for the plain and the gzipped bytes
    headers = [
        (b"content-type", PLAYLIST_MIME),
        (b"etag", etag),
        (b"cache-control", _PLAYLIST_CACHE),
        (b"vary", b"accept-encoding"),
        (b"x-content-type-options", b"nosniff"),
    ]
    packed_headers = [
        *headers,
        (b"content-encoding", b"gzip"),
        (b"content-length", b"%d" % len(packed)),
    ]
    plain_headers = [*headers, (b"content-length", b"%d" % len(plain))]
    return ServedPlaylist(plain, packed, etag, plain_headers, packed_headers)


def _fingerprint(package: Package, immersive: Master | None) -> str:
    """Return what changes whenever the package does: its rungs, their sizes, its loudness."""
    parts = [f"{package.content_hash} {package.loudness}"]
    parts += [immersive.content_hash] if immersive is not None else []
    parts += [
        f"{r.prefix} {r.samples} {r.init_size} {r.average_bandwidth} {r.peak_bandwidth}"
        for r in (*package.renditions, *(d.rendition for d in package.departing))
    ]
    return blake2b("\n".join(parts).encode(), digest_size=9).hexdigest()
