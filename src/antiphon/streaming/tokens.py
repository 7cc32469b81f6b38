"""Signed names: the URL prefix of a grant's media, and the public id of a play.

Both are text that says what it permits, followed by a keyed BLAKE2b over it. A media token is one
path segment and covers the song whose id comes after it in the path, so playlists need only
relative URIs. Nothing is stored: any process that knows the secret can check them.
"""

import hmac
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from antiphon.audio import Rung
from antiphon.kernel import (
    Clock,
    Denied,
    DeviceId,
    GrantId,
    HouseholdId,
    Invalid,
    ListenerId,
    NotFound,
    SongId,
    UnixMs,
)
from antiphon.rights import CommercialModel, UseType
from antiphon.streaming.model import Caller, MediaPass, PlayTicket

_LETTERS: Final = {
    Rung.AAC_64: "1",
    Rung.AAC_128: "2",
    Rung.AAC_256: "3",
    Rung.FLAC: "f",
    Rung.ALAC: "l",
    Rung.AMBISONICS_OPUS: "o",
    Rung.BINAURAL_AAC: "b",
    Rung.BINAURAL_FLAC: "c",
    Rung.FIVE_ONE_AAC: "5",
    Rung.FIVE_ONE_FLAC: "6",
    Rung.SEVEN_ONE_AAC: "7",
    Rung.SEVEN_ONE_FLAC: "8",
    Rung.SEVEN_ONE_FOUR_OPUS: "9",
}
_RUNGS: Final = {letter: rung for rung, letter in _LETTERS.items()}
_USES: Final = {
    "s": UseType.STREAM,
    "p": UseType.PREVIEW,
    "d": UseType.DOWNLOAD,
    "r": UseType.RADIO,
}
_USE_LETTERS: Final = {use: letter for letter, use in _USES.items()}
_MODELS: Final = {
    "s": CommercialModel.SUBSCRIPTION,
    "a": CommercialModel.ADVERTISING,
    "f": CommercialModel.FREE,
}
_MODEL_LETTERS: Final = {model: letter for letter, model in _MODELS.items()}
_MAC_BYTES: Final = 16
_LEAST_SECRET_BYTES: Final = 16
_SKEW_MS: Final = 5 * 60 * 1000
_FORBIDDEN: Final = 403


class UrlForged(Denied):
    """The URL was not made here, was altered, or belongs to another song."""

    code = "url_forged"


class UrlExpired(Denied):
    """The URL was good once."""

    code = "url_expired"


class UrlNotYetValid(Denied):
    """The URL outlives any that would be made now: some clock is wrong."""

    code = "url_not_yet_valid"


class PlayUnknown(NotFound):
    """No such play was granted to this caller."""

    code = "play_unknown"


class TokenSigner:
    """Makes and opens signed names. ``lifetime_ms`` is how long a media token lives."""

    def __init__(self, secret: bytes, clock: Clock, *, lifetime_ms: int) -> None:
        if len(secret) < _LEAST_SECRET_BYTES:
            raise Invalid(f"A signing secret has at least {_LEAST_SECRET_BYTES} bytes.")
        self._media_key = blake2b(secret, digest_size=32, person=b"antiphon-media").digest()
        self._play_key = blake2b(secret, digest_size=32, person=b"antiphon-play").digest()
        self._clock = clock
        self._lifetime = lifetime_ms

    def seal(self, permit: MediaPass) -> str:
        """Return the token of a pass; its expiry is kept in whole seconds."""
        rungs = "".join(map(_LETTERS.__getitem__, permit.rungs))
        text = (
            f"{permit.expires_at // 1000:x}.{rungs}."
            f"{permit.grant_id}.{permit.listener_id}.{permit.device_id}."
            f"{permit.household_id}.{_USE_LETTERS[permit.use]}"
        )
        return f"{text}.{_mac(self._media_key, permit.song_id, text)}"

    def open(self, token: str, song_id: str) -> MediaPass:
        """Return what ``token`` permits for ``song_id``; raise ``Denied`` for anything else."""
        text, _, mac = token.rpartition(".")
        if not _equal(mac, _mac(self._media_key, song_id, text)):
            raise UrlForged(_FORGED, http_status=_FORBIDDEN)
        expiry, rungs, grant, listener, device, household, use = text.split(".")
        expires_at = int(expiry, 16) * 1000
        left = expires_at - self._clock.now()
        if left <= 0:
            raise UrlExpired(_EXPIRED, http_status=_FORBIDDEN)
        if left > self._lifetime + _SKEW_MS:
            raise UrlNotYetValid(_TOO_EARLY, http_status=_FORBIDDEN)
        return MediaPass(
            GrantId(grant),
            SongId(song_id),
            ListenerId(listener),
            DeviceId(device),
            HouseholdId(household),
            _USES[use],
            UnixMs(expires_at),
            tuple(map(_RUNGS.__getitem__, rungs)),
        )

    def seal_play(self, ticket: PlayTicket, caller: Caller) -> str:
        """Return the public id of a play; only ``caller`` can use it."""
        terms = f"{_MODEL_LETTERS[ticket.model]}{_USE_LETTERS[ticket.use]}{ticket.territory}"
        text = f"{ticket.grant_id}.{ticket.song_id}.{ticket.issued_at:x}.{terms}"
        return f"{text}.{_mac(self._play_key, _whose(caller), text)}"

    def open_play(self, public_id: str, caller: Caller) -> PlayTicket:
        """Return the play behind a public id; ``PlayUnknown`` unless it was granted to them."""
        text, _, mac = public_id.rpartition(".")
        if not _equal(mac, _mac(self._play_key, _whose(caller), text)):
            raise PlayUnknown("You were not granted this play: ask for it again.")
        grant, song, issued, terms = text.split(".")
        return PlayTicket(
            GrantId(grant),
            SongId(song),
            UnixMs(int(issued, 16)),
            territory=terms[2:],
            model=_MODELS[terms[0]],
            use=_USES[terms[1]],
        )


_FORGED = "This address was altered or was made for another song: ask for a new play."
_EXPIRED = "This address has expired: ask for a new play."
_TOO_EARLY = "This address is valid for longer than any made now: a clock is wrong."


def _whose(caller: Caller) -> str:
    return f"{caller.listener_id}.{caller.device_id}"


def _equal(given: str, good: str) -> bool:
    return hmac.compare_digest(given.encode("ascii", "replace"), good.encode("ascii"))


def _mac(key: bytes, bound_to: str, text: str) -> str:
    message = f"{bound_to}/{text}".encode("utf-8", "surrogatepass")
    return blake2b(message, key=key, digest_size=_MAC_BYTES).hexdigest()


def order_for_token(rungs: Sequence[Rung], first: Rung) -> tuple[Rung, ...]:
    """Return the rungs with the one to begin with in front."""
    return (first, *(r for r in rungs if r is not first))
