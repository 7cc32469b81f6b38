"""From a label's message to songs of the catalogue and their deals. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import structs

from antiphon.catalog import (
    AlbumFacts,
    ArtistCredit,
    Artwork,
    GenreRef,
    Master,
    Song,
    SongEntry,
    album_id,
    clean,
    credit,
    genre_id,
    recording_id,
    song_id,
)
from antiphon.ingest.model import Sound
from antiphon.kernel import AlbumId, DurationMs, SampleRateHz, SongId, UnixMs
from antiphon.rights import (
    Deal,
    LabelFacts,
    Message,
    Placed,
    Release,
    Resource,
    RightsLine,
    SongDeals,
    Text,
    best_text,
    release_id,
)

_EXPLICIT: Final = {"Explicit": True, "NotExplicit": False, "ExplicitContentEdited": False}
_COMPOSERS: Final = {"Composer", "ComposerLyricist", "Writer", "Author", "Lyricist"}
_SHOWN: Final = {"MainArtist", "FeaturedArtist", "Artist", "PrimaryArtist", ""}
_SIGNS: Final = {"c": "©", "p": "℗"}


@dataclass(frozen=True, slots=True)
class Found:
    """A song's sound, wherever it came from."""

    master: Master
    added_at: UnixMs
    artwork: Artwork | None = None


def master_of(sound: Sound, path: str) -> Master:
    """Return what was measured of a delivered file that is kept at ``path``."""
    return Master(
        path=path,
        content_hash=sound.content_hash,
        format=sound.format,
        sample_rate=SampleRateHz(sound.sample_rate),
        channels=sound.channels,
        bit_depth=sound.bit_depth,
        duration=DurationMs(sound.duration_ms),
    )


def album_of(message: Message, release: Release) -> AlbumId:
    """Return the id of a sender's release: nobody's folder of music shares it."""
    return album_id("", (), release_id=f"label/{message.sender}/{release.key}")


def song_id_of(message: Message, release: Release, placed: Placed, sound: Sound) -> SongId:
    """Return the id of a song that comes for the first time."""
    recording = recording_id(sound.content_hash)
    return song_id(recording, album_of(message, release), placed.disc, placed.number)


def entry_of(
    message: Message,
    release: Release,
    placed: Placed,
    found: Found,
    *,
    as_song: SongId,
    cover: Artwork | None,
) -> SongEntry:
    """Return the catalogue entry of one recording of a release."""
    resource = message.resources[placed.reference]
    language = message.language
    album_artists = _credits(release, language)
    song = Song(
        id=as_song,
        recording_id=recording_id(found.master.content_hash),
        title=clean(best_text(resource.titles, language=language)),
        artists=_credits(resource, language) or album_artists,
        album_id=album_of(message, release),
        album_title=clean(best_text(release.titles, language=language)),
        album_artists=album_artists,
        disc=placed.disc,
        number=placed.number,
        duration=found.master.duration,
        master=found.master,
        added_at=found.added_at,
        genres=tuple(
            GenreRef(genre_id(name), name)
            for name in map(clean, resource.genres or release.genres)
            if name
        ),
        composers=_composers(resource),
        released=release.release_date or release.original_date,
        isrc=resource.isrc or None,
        explicit=_EXPLICIT.get(resource.parental_warning or release.parental_warning),
        artwork=cover or found.artwork,
    )
    facts = AlbumFacts(
        artists=album_artists,
        record_label=clean(release.labels[0]) if release.labels else None,
        copyright=_copyright(release),
    )
    return SongEntry(song, facts)


def deals_of(message: Message, release: Release, resource: Resource) -> tuple[Deal, ...]:
    """Return the deals of one recording on a release.

    Those of its own track release count; where no deal speaks of that, those of the whole release.
    What ends the whole release ends its songs too.
    """
    own: list[Deal] = []
    for track in message.releases:
        if not track.is_main and any(p.reference == resource.reference for p in track.resources):
            own += message.deals_of(track.reference)
    whole = message.deals_of(release.reference)
    found = (*own, *(d for d in whole if d.is_taken_down)) if own else whole
    return tuple(_for_file(deal, resource) for deal in found)


def _for_file(deal: Deal, resource: Resource) -> Deal:
    """Return a deal as it is for a recording's file: it may be for other files of it only."""
    if not deal.technicals or resource.technical in deal.technicals:
        return deal
    return structs.replace(deal, limits=(*deal.limits, "DealTechnicalResourceDetailsReferenceList"))


def is_withdrawn(message: Message, release: Release, resource: Resource) -> bool:
    """Say whether a message does nothing for a recording but take it down."""
    deals = deals_of(message, release, resource)
    return bool(deals) and all(d.is_taken_down for d in deals)


def song_deals(message: Message, release: Release, resource: Resource, now: UnixMs) -> SongDeals:
    """Return the row of a song's deals."""
    line = resource.p_line or release.p_line
    return SongDeals(
        deals=deals_of(message, release, resource),
        release_id=release_id(message.sender, release.key),
        sender=message.sender,
        sender_name=message.sender_name,
        isrc=resource.isrc,
        p_line=line.text if line else "",
        titles=_several(resource.titles),
        release_titles=_several(release.titles),
        changed_at=now,
    )


def _several(titles: tuple[Text, ...]) -> tuple[Text, ...]:
    """Return titles that there is a choice of."""
    told = tuple(structs.replace(title, value=clean(title.value)) for title in titles)
    return told if len({title.value for title in told}) > 1 else ()


def facts_of(release: Release, resource: Resource) -> LabelFacts:
    """Return what the message says of a song, in every language and for every territory."""
    return LabelFacts(
        titles=resource.titles,
        release_titles=release.titles,
        artist_names=resource.artist_names or release.artist_names,
        artists=resource.artists or release.artists,
        contributors=resource.contributors,
        works=resource.works,
        labels=release.labels,
        p_line=resource.p_line or release.p_line,
        c_line=resource.c_line or release.c_line,
        parental_warning=resource.parental_warning or release.parental_warning,
        language=resource.language,
    )


def _composers(resource: Resource) -> tuple[str, ...]:
    names = (clean(p.name) for p in resource.contributors if p.role in _COMPOSERS)
    return tuple(dict.fromkeys(name for name in names if name))


def _copyright(release: Release) -> str | None:
    lines = [_line(release.c_line, _SIGNS["c"]), _line(release.p_line, _SIGNS["p"])]
    return " · ".join(line for line in lines if line) or None


def _line(line: RightsLine | None, sign: str) -> str:
    """Return a (P) or (C) line with its sign, which labels write or leave out."""
    if line is None:
        return ""
    text = clean(line.text)
    if not text.startswith((sign, "(")):
        text = f"{sign} {text}" if line.year in text else f"{sign} {line.year} {text}"
    return clean(text)


def _credits(item: Release | Resource, language: str) -> tuple[ArtistCredit, ...]:
    names: Sequence[str] = [clean(p.name) for p in item.artists if p.role in _SHOWN]
    names = names or [clean(best_text(item.artist_names, language=language))]
    return tuple(credit(name) for name in dict.fromkeys(names) if name)
