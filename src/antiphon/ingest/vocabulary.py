"""What the comments of a file mean: from squeezed names and any text to ``Tags``. Pure."""

import re
from collections.abc import Iterable, Sequence

from antiphon.catalog import Gain, Lyrics, clean, parse_lyrics, synced_lyrics
from antiphon.ingest.model import Tags
from antiphon.ingest.tags import Comments, RawTags

_MAX_NAMES = 24
_MAX_NUMBER = 99_999
_MAX_DISC = 999
_APART = re.compile(r"\s*;\s*|\s+/\s+|\0")
_FEATURING = re.compile(r"\s*[(\[]?\b(?:feat\.?|ft\.|featuring)\s+", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})(?:[-./](\d{1,2}))?(?:[-./](\d{1,2}))?")
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_NUMBER = re.compile(r"\s*(\d{1,6})")
_DECIBEL = re.compile(r"\s*([+-]?\d{1,3}(?:\.\d{1,6})?)\s*(?:dB)?\s*", re.IGNORECASE)
_ISRC = re.compile(r"[A-Z]{2}[A-Z0-9]{3}\d{7}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_R128_REFERENCE = 5.0  # R128 gains aim at -23 LUFS, ReplayGain 2.0 at -18


def tags_of(raw: RawTags) -> Tags:
    """Return what the comments say."""
    comments = raw.comments
    artists = _names(comments, "artists") or _credited(_values(comments, "artist"))
    return Tags(
        title=_text(comments, "title"),
        artists=artists,
        album=_text(comments, "album"),
        album_artists=_album_artists(comments),
        composers=_split_names(_values(comments, "composer")),
        genres=_split_names(_values(comments, "genre")),
        released=_date(comments),
        disc=_number(comments, _MAX_DISC, "discnumber", "disc"),
        number=_number(comments, _MAX_NUMBER, "tracknumber", "track"),
        compilation=_text(comments, "compilation", "itunescompilation").lower()
        in {"1", "true", "yes"},
        sort_title=_text(comments, "titlesort"),
        sort_artists=_values(comments, "artistssort", "artistsort"),
        sort_album=_text(comments, "albumsort"),
        sort_album_artists=_values(comments, "albumartistssort", "albumartistsort"),
        isrc=_matching(_ISRC, _text(comments, "isrc").upper().replace("-", "").replace(" ", "")),
        explicit=_explicit(comments),
        label=_text(comments, "label", "organization", "publisher") or None,
        copyright=_text(comments, "copyright") or None,
        musicbrainz_recording_id=_uuid(comments, "musicbrainztrackid"),
        musicbrainz_track_id=_uuid(comments, "musicbrainzreleasetrackid"),
        musicbrainz_release_id=_uuid(comments, "musicbrainzalbumid", "musicbrainzreleaseid"),
        musicbrainz_artist_ids=_uuids(comments, "musicbrainzartistid"),
        musicbrainz_album_artist_ids=_uuids(comments, "musicbrainzalbumartistid"),
        gain=_gain(comments),
        lyrics=_lyrics(raw),
    )


def _values(comments: Comments, *names: str) -> tuple[str, ...]:
    """Return the cleaned values of the first of the names that has any."""
    for name in names:
        values = tuple(v for v in map(clean, comments.get(name, ())) if v)
        if values:
            return values
    return ()


def _text(comments: Comments, *names: str) -> str:
    values = _values(comments, *names)
    return values[0] if values else ""


def _names(comments: Comments, *names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_values(comments, *names)))[:_MAX_NAMES]


def _split_names(values: Iterable[str]) -> tuple[str, ...]:
    """Return the names in values that may hold several (``A; B``, ``A / B``), each once."""
    parts = (part.strip() for value in values for part in _APART.split(value))
    return tuple(dict.fromkeys(p for p in parts if p))[:_MAX_NAMES]


def _credited(values: Iterable[str]) -> tuple[str, ...]:
    """Return the artists of a credit; who is featured counts as an artist."""
    parts = [p.strip(" )]") for name in _split_names(values) for p in _FEATURING.split(name)]
    return tuple(dict.fromkeys(p for p in parts if p))[:_MAX_NAMES]


def _album_artists(comments: Comments) -> tuple[str, ...]:
    tagged = _names(comments, "albumartists")
    return tagged or _split_names(_values(comments, "albumartist", "ensemble"))


def _date(comments: Comments) -> str:
    for name in ("date", "releasedate", "year", "originaldate", "originalyear"):
        text = _text(comments, name)
        match = _COMPACT_DATE.fullmatch(text) or _DATE.search(text)
        if match and match.group(1) != "0000":
            return _iso(*match.groups())
    return ""


def _iso(year: str, month: str | None, day: str | None) -> str:
    if month is None or not 1 <= int(month) <= 12:
        return year
    if day is None or not 1 <= int(day) <= 31:
        return f"{year}-{int(month):02d}"
    return f"{year}-{int(month):02d}-{int(day):02d}"


def _number(comments: Comments, most: int, *names: str) -> int:
    match = _NUMBER.match(_text(comments, *names))
    return min(int(match.group(1)), most) if match else 0


def _explicit(comments: Comments) -> bool | None:
    return {"1": True, "4": True, "2": False}.get(_text(comments, "itunesadvisory"))


def _matching(pattern: re.Pattern[str], text: str) -> str | None:
    return text if pattern.fullmatch(text) else None


def _uuid(comments: Comments, *names: str) -> str | None:
    return _matching(_UUID, _text(comments, *names).lower())


def _uuids(comments: Comments, name: str) -> tuple[str, ...]:
    values = (v.lower() for v in _split_names(_values(comments, name)))
    return tuple(v for v in values if _UUID.fullmatch(v))


def _gain(comments: Comments) -> Gain:
    return Gain(
        track_db=_decibels(comments, "replaygaintrackgain", "r128trackgain"),
        album_db=_decibels(comments, "replaygainalbumgain", "r128albumgain"),
    )


def _decibels(comments: Comments, name: str, r128: str) -> float | None:
    match = _DECIBEL.fullmatch(_text(comments, name))
    if match:
        return float(match.group(1))
    text = _text(comments, r128)
    if re.fullmatch(r"[+-]?\d{1,6}", text):  # Q7.8 fixed point, RFC 7845 section 5.2.1
        return int(text) / 256 + _R128_REFERENCE
    return None


def _lyrics(raw: RawTags) -> Lyrics | None:
    if raw.synced:
        return synced_lyrics(raw.synced)
    texts: Sequence[str] = [
        text
        for name in ("syncedlyrics", "lyrics", "unsyncedlyrics", "unsynchronisedlyrics")
        for text in raw.comments.get(name, ())
    ]
    return next((found for found in map(parse_lyrics, texts) if found), None)
