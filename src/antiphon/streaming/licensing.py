"""Keys of protected songs, for those who were granted them: W3C Clear Key JSON and key files.

Clear Key (W3C Encrypted Media Extensions, 9.1) keeps honest players honest: whoever holds a grant
can read the key. Where that is too little, a DRM key server is connected and Clear Key turned off.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Final, Literal, Protocol

import msgspec
from msgspec import Meta, Struct

from antiphon.audio import Rung
from antiphon.kernel import Clock, Denied, Invalid, NotFound, RecordingId, SongId, UnixMs
from antiphon.rights import MOST_KIDS, DrmSignalling, Licence, Stream
from antiphon.streaming.model import Caller, MediaPass, PlayTicket
from antiphon.streaming.prepared import Headers, PreparedSong
from antiphon.streaming.tokens import TokenSigner

LEASE_EXPIRES: Final = b"antiphon-lease-expires"
LEASE_RENEW: Final = b"antiphon-lease-renew"
_KID_BYTES: Final = 16
_FORBIDDEN: Final = 403
_UNPROCESSABLE: Final = 422

_Kid = Annotated[str, Meta(min_length=22, max_length=24)]


class GrantEnded(Denied):
    """The play was granted too long ago."""

    code = "grant_ended"


class NotForChildren(Denied):
    """The song is explicit, and this profile plays none such."""

    code = "explicit_not_allowed"


class ClearKeyOff(Denied):
    """This server leaves keys to a DRM system."""

    code = "clear_key_off"


class NoKey(NotFound):
    """What was asked for is not encrypted."""

    code = "not_encrypted"


class LicenceIn(Struct, frozen=True):
    """A W3C Clear Key request: which keys, by their ids in base64url."""

    kids: Annotated[tuple[_Kid, ...], Meta(min_length=1, max_length=MOST_KIDS)]
    type: Literal["temporary"] = "temporary"


class KeyOut(Struct, frozen=True):
    """A key as JSON Web Key (RFC 7517): id and value in base64url."""

    k: str
    kid: str
    kty: Literal["oct"] = "oct"


class LicenceOut(Struct, frozen=True):
    """A W3C Clear Key licence."""

    keys: tuple[KeyOut, ...]
    type: Literal["temporary"] = "temporary"


class Licences(Protocol):
    """The part of rights that hands out keys."""

    async def issue(self, stream: Stream, kids: Sequence[bytes], /) -> Licence:
        """Return keys with a lease."""
        ...

    async def renew(self, stream: Stream, /) -> Licence:
        """Return a longer lease."""
        ...

    async def release(self, stream: Stream, /) -> None:
        """Give a lease back."""
        ...


class KeyWords(Protocol):
    """The part of the vault that tells what DRM systems want said of a key."""

    async def signalling(self, recording_id: RecordingId, rung: str, /) -> Sequence[DrmSignalling]:
        """Return that of one rung; empty without a DRM key server."""
        ...


class Licensing:
    """Hands the keys of a granted song to its player, for as long as the song may be heard.

    Without ``clear_key`` none are handed out: a DRM system does that.
    """

    def __init__(
        self,
        licences: Licences,
        signer: TokenSigner,
        prepared: Callable[[SongId], Awaitable[PreparedSong]],
        clock: Clock,
        *,
        lifetime_ms: int,
        clear_key: bool,
    ) -> None:
        self._licences = licences
        self._signer = signer
        self._prepared = prepared
        self._clock = clock
        self._lifetime = lifetime_ms
        self._clear_key = clear_key

    async def issue(self, caller: Caller, public_id: str, kids: Sequence[bytes]) -> Licence:
        """Return the keys asked for; ``GrantEnded`` after its time, else as ``Licences``."""
        self._require_clear_key()
        return await self._licences.issue(await self._stream(caller, public_id), kids)

    async def renew(self, caller: Caller, public_id: str) -> Licence:
        """Return a longer lease without keys."""
        return await self._licences.renew(await self._stream(caller, public_id))

    async def release(self, caller: Caller, public_id: str) -> None:
        """Give the lease back; good at any time."""
        ticket = self._signer.open_play(public_id, caller)
        song = await self._prepared(ticket.song_id)
        await self._licences.release(_stream_of(caller, ticket, song))

    async def issue_for(self, permit: MediaPass, kids: Sequence[bytes]) -> Licence:
        """Return the keys asked for, to whoever holds the signed address."""
        self._require_clear_key()
        return await self._licences.issue(await self._stream_for(permit), kids)

    async def key_for(self, permit: MediaPass, rung: Rung) -> bytes:
        """Return the 16 bytes of one rung's key, as HLS players fetch it."""
        rendition = (await self._prepared(permit.song_id)).renditions.get(rung)
        if rendition is None or rung not in permit.rungs or not rendition.rendition.kid:
            raise NoKey("There is no key at this address.")
        licence = await self.issue_for(permit, [bytes.fromhex(rendition.rendition.kid)])
        return licence.keys[0].key

    def _require_clear_key(self) -> None:
        if not self._clear_key:
            raise ClearKeyOff("Keys of this server come by a DRM system.", http_status=_FORBIDDEN)

    async def _stream(self, caller: Caller, public_id: str) -> Stream:
        ticket = self._signer.open_play(public_id, caller)
        if self._clock.now() > ticket.issued_at + self._lifetime:
            raise GrantEnded("This play was granted long ago: ask again.", http_status=_FORBIDDEN)
        song = await self._prepared(ticket.song_id)
        if song.explicit and not caller.allows_explicit:
            raise NotForChildren(NOT_FOR_CHILDREN, http_status=_FORBIDDEN)
        return _stream_of(caller, ticket, song)

    async def _stream_for(self, permit: MediaPass) -> Stream:
        song = await self._prepared(permit.song_id)
        return Stream(
            permit.household_id,
            permit.device_id,
            permit.grant_id,
            permit.song_id,
            song.recording_id,
            permit.use,
        )


NOT_FOR_CHILDREN: Final = "This song is explicit, and this profile does not play explicit songs."


def _stream_of(caller: Caller, ticket: PlayTicket, song: PreparedSong) -> Stream:
    return Stream(
        caller.household_id,
        caller.device_id,
        ticket.grant_id,
        ticket.song_id,
        song.recording_id,
        ticket.use,
    )


class LicenceRequestInvalid(Invalid):
    """The body is no W3C Clear Key request."""

    code = "invalid_body"


_decode = msgspec.json.Decoder(LicenceIn).decode
_encode = msgspec.json.Encoder().encode


def read_kids(body: bytes) -> list[bytes]:
    """Return the key ids of a Clear Key request; ``LicenceRequestInvalid`` says what is wrong."""
    try:
        asked = _decode(body)
    except msgspec.ValidationError as fault:
        raise LicenceRequestInvalid(f"{fault}.", http_status=_UNPROCESSABLE) from fault
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as fault:
        raise LicenceRequestInvalid(f"The body is no JSON: {fault}.") from fault
    try:
        return [_kid_of(text) for text in asked.kids]
    except ValueError as fault:
        detail = "Key ids are 16 bytes in base64url."
        raise LicenceRequestInvalid(detail, pointer="/kids", http_status=_UNPROCESSABLE) from fault


def licence_json(licence: Licence) -> bytes:
    """Return a licence as W3C Clear Key JSON."""
    keys = tuple(KeyOut(_base64url(key.key), _base64url(key.kid)) for key in licence.keys)
    return _encode(LicenceOut(keys))


def lease_headers(licence: Licence) -> Headers:
    """Return until when a lease holds and when to renew it, both in Unix milliseconds."""
    return [
        (LEASE_EXPIRES, _told(licence.lease_expires_at)),
        (LEASE_RENEW, _told(licence.renew_at)),
    ]


def _told(moment: UnixMs) -> bytes:
    return b"%d" % moment


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _kid_of(text: str) -> bytes:
    raw = text.rstrip("=")
    kid = urlsafe_b64decode(raw + "==")
    if len(kid) != _KID_BYTES or _base64url(kid) != raw:
        raise ValueError("no key id in base64url")
    return kid
