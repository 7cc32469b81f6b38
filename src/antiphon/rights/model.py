"""What rights speak of: deals, territories, use types, commercial models, and label messages.

The values of a message are the same for every version of the standard (DDEX ERN 3.8.2, 4.1.1, 4.3):
``antiphon.rights.ern`` reads all of them into ``Message``.
"""

from enum import StrEnum

import msgspec

from antiphon.kernel import DurationMs, UnixMs

WORLDWIDE = "Worldwide"
_UNTOLD = DurationMs(0)
HOME = "home"  # the storefront of an installation that has not chosen a territory


class UseType(StrEnum):
    """What somebody does with a song."""

    STREAM = "on-demand-stream"
    PREVIEW = "preview"
    DOWNLOAD = "conditional-download"
    RADIO = "radio"


class CommercialModel(StrEnum):
    """How a household pays for what it hears; what a deal calls a commercial model."""

    SUBSCRIPTION = "subscription"
    ADVERTISING = "advertising"
    FREE = "free"


class MessageKind(StrEnum):
    """What a message asks for."""

    NEW_RELEASE = "NewReleaseMessage"
    PURGE = "PurgeReleaseMessage"


class Fault(StrEnum):
    """Rules that a message or delivery can break; the values are the codes that operators see."""

    NOT_WELL_FORMED = "not_well_formed"
    FORBIDDEN_XML = "forbidden_xml"
    TOO_LARGE = "too_large"
    UNKNOWN_MESSAGE = "unknown_message"
    UNKNOWN_VERSION = "unknown_version"
    UNKNOWN_ELEMENT = "unknown_element"
    MISSING = "missing"
    DUPLICATE = "duplicate"
    BAD_VALUE = "bad_value"
    BAD_REFERENCE = "bad_reference"
    FILE_MISSING = "file_missing"
    FILE_UNSAFE = "file_unsafe"
    FILE_ALTERED = "file_altered"
    FILE_UNUSABLE = "file_unusable"
    FILE_EXTRA = "file_extra"
    OUTDATED = "outdated"
    MANIFEST = "manifest"
    SCHEMA = "schema"
    OTHER_SERVICE = "other_service"  # a note, that refuses nothing
    LIMIT_NOT_KEPT = "limit_not_kept"  # a note, but for what may not be shown yet


class FaultFound(msgspec.Struct, frozen=True):
    """A broken rule: which, where (path in the message and line), and what to do about it."""

    rule: Fault
    path: str
    line: int
    detail: str

    def __str__(self) -> str:
        """Return one line for people."""
        where = f"line {self.line}, " if self.line else ""
        return f"{where}{self.path}: {self.detail} [{self.rule.value}]"


class Party(msgspec.Struct, frozen=True):
    """A person or organisation as printed, in which role, in which order."""

    name: str
    role: str = ""
    party_id: str = ""
    sequence: int = 0


class Text(msgspec.Struct, frozen=True):
    """Words for a territory, in a language (BCP 47 as sent; empty where not said)."""

    value: str
    territory: str = WORLDWIDE
    language: str = ""


class RightsLine(msgspec.Struct, frozen=True):
    """A (P) or (C) line."""

    year: str
    text: str


class DeliveredFile(msgspec.Struct, frozen=True):
    """A file that a message names, relative to the message's folder; the hash as lower-case hex.

    ``technical`` is the reference of the technical details that it stands in.
    """

    path: str
    hash_algorithm: str = ""
    hash_value: str = ""
    at: str = ""
    line: int = 0
    technical: str = ""


class Resource(msgspec.Struct, frozen=True):
    """A sound recording or image of a message."""

    reference: str
    kind: str
    is_sound: bool
    isrc: str = ""
    proprietary_id: str = ""
    titles: tuple[Text, ...] = ()
    artist_names: tuple[Text, ...] = ()
    artists: tuple[Party, ...] = ()
    contributors: tuple[Party, ...] = ()
    works: tuple[str, ...] = ()
    p_line: RightsLine | None = None
    c_line: RightsLine | None = None
    genres: tuple[str, ...] = ()
    parental_warning: str = ""
    language: str = ""
    duration: DurationMs = _UNTOLD
    file: DeliveredFile | None = None
    other_files: tuple[str, ...] = ()
    technical: str = ""
    at: str = ""
    line: int = 0

    @property
    def identity(self) -> str:
        """Return what identifies the recording among those of its sender."""
        return self.isrc or self.proprietary_id


class Placed(msgspec.Struct, frozen=True):
    """Where a resource stands in a release: disc and number from the order of resource groups."""

    reference: str
    disc: int
    number: int


class Release(msgspec.Struct, frozen=True):
    """A release of a message: the main one, or one of its tracks."""

    reference: str
    kind: str
    is_main: bool
    icpn: str = ""
    grid: str = ""
    isrc: str = ""
    proprietary_id: str = ""
    catalog_number: str = ""
    titles: tuple[Text, ...] = ()
    artist_names: tuple[Text, ...] = ()
    artists: tuple[Party, ...] = ()
    labels: tuple[str, ...] = ()
    p_line: RightsLine | None = None
    c_line: RightsLine | None = None
    genres: tuple[str, ...] = ()
    parental_warning: str = ""
    release_date: str = ""
    original_date: str = ""
    resources: tuple[Placed, ...] = ()
    images: tuple[str, ...] = ()
    at: str = ""
    line: int = 0

    @property
    def key(self) -> str:
        """Return what identifies the release among those of its sender."""
        for scheme, value in (
            ("icpn", self.icpn.lstrip("0")),
            ("grid", self.grid),
            ("id", self.proprietary_id),
            ("cat", self.catalog_number),
            ("isrc", self.isrc),
        ):
            if value:
                return f"{scheme}:{value}"
        return ""


class Deal(msgspec.Struct, frozen=True):
    """What may be done with a release: where, how, for what, from when until when.

    ``territories`` holds ``Worldwide`` or codes of countries; ``excluded`` counts with Worldwide.
    ``start`` None: from ever; ``end`` None: for ever. ``preview_from`` opens previews before
    ``start``. A deal that ``is_preorder`` sells ahead and plays nothing; one that ``is_taken_down``
    ends all others in its territories; while one that ``is_exclusive`` runs, only such ones count.

    ``channels`` are the services that alone it is for, ``excluded_channels`` those that it is not
    for: party ids as ``party_key`` has them, or ``name: ...`` of one that is only named. ``limits``
    are terms that cannot be kept here: a deal with any grants nothing. ``technicals`` are the
    technical details, by their references in the message, that alone it is for.
    """

    territories: frozenset[str]
    excluded: frozenset[str] = frozenset()
    uses: frozenset[UseType] = frozenset()
    models: frozenset[CommercialModel] = frozenset()
    start: UnixMs | None = None
    end: UnixMs | None = None
    preview_from: UnixMs | None = None
    is_preorder: bool = False
    is_exclusive: bool = False
    is_taken_down: bool = False
    other_uses: tuple[str, ...] = ()
    other_models: tuple[str, ...] = ()
    channels: frozenset[str] = frozenset()
    excluded_channels: frozenset[str] = frozenset()
    limits: tuple[str, ...] = ()
    technicals: frozenset[str] = frozenset()

    def covers(self, storefront: str) -> bool:
        """Say whether the deal speaks of a territory; ``home`` is in none, so all or nothing."""
        if WORLDWIDE in self.territories:
            return not self.excluded if storefront == HOME else storefront not in self.excluded
        return storefront in self.territories and storefront not in self.excluded

    def is_for(self, party: str) -> bool:
        """Say whether the deal is certainly for a service; ``party`` empty: who that is is unknown.

        So it is where nobody is named. A deal may leave out a service that it only names, or may
        be for it: nothing is granted by that.
        """
        if self.channels:
            return party in self.channels
        if not self.excluded_channels:
            return True
        is_told = bool(party) and not any(map(_is_only_named, self.excluded_channels))
        return is_told and party not in self.excluded_channels

    def may_be_for(self, party: str) -> bool:
        """Say whether the deal could be for a service: what it takes away is taken away then."""
        if not party:
            return True
        if self.channels:
            return party in self.channels or any(map(_is_only_named, self.channels))
        return party not in self.excluded_channels


_ONLY_NAMED = "name: "


def party_key(text: str) -> str:
    """Return a party id as it is compared: DPIDs are written with hyphens and without."""
    return text.replace("-", "").replace(" ", "").upper()


def only_named(name: str) -> str:
    """Return what stands for a party of which no id is told: no id is equal to it."""
    return f"{_ONLY_NAMED}{name}"


def _is_only_named(party: str) -> bool:
    return party.startswith(_ONLY_NAMED)


class DisplayDate(msgspec.Struct, frozen=True):
    """From when on something of a release may be shown, and where the message says so."""

    moment: UnixMs
    at: str
    line: int


class ReleaseDeals(msgspec.Struct, frozen=True):
    """The deals of some releases, by their references in the message."""

    releases: tuple[str, ...]
    deals: tuple[Deal, ...]
    display_dates: tuple[DisplayDate, ...] = ()


class LabelFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a message says of a song, in every language and for every territory that it names."""

    titles: tuple[Text, ...]
    release_titles: tuple[Text, ...]
    artist_names: tuple[Text, ...] = ()
    artists: tuple[Party, ...] = ()
    contributors: tuple[Party, ...] = ()
    works: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    p_line: RightsLine | None = None
    c_line: RightsLine | None = None
    parental_warning: str = ""
    language: str = ""


class Message(msgspec.Struct, frozen=True):
    """A label's message, whatever the version it was written in."""

    kind: MessageKind
    version: str
    message_id: str
    thread_id: str
    sender: str
    sender_name: str
    recipient: str
    created_at: UnixMs
    is_test: bool = False
    is_update: bool = False
    language: str = ""
    resources: dict[str, Resource] = msgspec.field(default_factory=dict)
    releases: tuple[Release, ...] = ()
    deals: tuple[ReleaseDeals, ...] = ()
    display_dates: tuple[DisplayDate, ...] = ()
    other_files: tuple[str, ...] = ()

    @property
    def main_releases(self) -> tuple[Release, ...]:
        """Return the releases that the message is about; their tracks' releases are not among."""
        return tuple(r for r in self.releases if r.is_main)

    def deals_of(self, reference: str) -> tuple[Deal, ...]:
        """Return the deals of one release by its reference."""
        return tuple(d for group in self.deals if reference in group.releases for d in group.deals)


def best_text(texts: tuple[Text, ...], *, language: str = "") -> str:
    """Return the words to show: the default ones, or those in ``language`` where there are such."""
    if not texts:
        return ""
    if language:
        for text in texts:
            if text.language.split("-")[0].lower() == language.split("-", maxsplit=1)[0].lower():
                return text.value
    return texts[0].value
