"""From a message's XML to its values, with every fault that was found on the way."""

from dataclasses import dataclass, field
from typing import BinaryIO, Final

from msgspec.structs import replace

from antiphon.kernel import DurationMs, UnixMs
from antiphon.rights.ern import known
from antiphon.rights.ern.checks import check_message, undealt
from antiphon.rights.ern.contents import contents_of
from antiphon.rights.ern.deals import read_display_dates, read_release_deal
from antiphon.rights.ern.faults import Faults
from antiphon.rights.ern.parts import (
    artist_names_of,
    artists_of,
    contributors_of,
    defaults_first,
    details,
    files_of,
    first_text,
    genres_of,
    line_of,
    names_below,
    technical_of,
    titles_of,
)
from antiphon.rights.ern.values import NAMESPACES, WARNINGS, read_date, read_duration, read_moment
from antiphon.rights.ern.xml import (
    ATTRIBUTES,
    CHILDREN,
    LINE,
    NAME,
    Element,
    RecordReader,
    Unreadable,
    every,
    first,
    text_of,
)
from antiphon.rights.model import (
    DisplayDate,
    Fault,
    FaultFound,
    Message,
    MessageKind,
    Release,
    ReleaseDeals,
    Resource,
    party_key,
)

_CONTAINERS: Final = frozenset({"PartyList", "ResourceList", "ReleaseList", "DealList"})
_NEVER: Final = UnixMs(0)
_TRACK_KINDS: Final = frozenset({"TrackRelease", "VideoTrackRelease"})


@dataclass(frozen=True, slots=True)
class Reading:
    """What a message says, and what is wrong with it; nothing may be done with a faulty one."""

    message: Message
    faults: tuple[FaultFound, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Head:
    """What the header says, so far as it was read."""

    kind: MessageKind = MessageKind.NEW_RELEASE
    version: str = ""
    language: str = ""
    message_id: str = ""
    thread_id: str = ""
    sender: str = ""
    sender_name: str = ""
    recipient: str = ""
    created_at: UnixMs = _NEVER
    is_test: bool = False
    is_update: bool = False


@dataclass(slots=True)
class _Draft:
    """A message as it is being read, for the service that ``party`` is."""

    party: str = ""
    head: _Head = field(default_factory=_Head)
    faults: Faults = field(default_factory=Faults)
    parties: dict[str, str] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    releases: list[Release] = field(default_factory=list)
    deals: list[tuple[ReleaseDeals, str, int]] = field(default_factory=list)
    display_dates: list[DisplayDate] = field(default_factory=list)
    other_files: list[str] = field(default_factory=list)
    saw_header: bool = False

    def root(self, name: str, space: str, attributes: dict[str, str]) -> None:
        """Take what the root element says."""
        head = self.head
        if name not in set(MessageKind):
            self.faults.refuse(
                Fault.UNKNOWN_MESSAGE,
                f"/{name}",
                1,
                f"{name} is no message that is known here: send a NewReleaseMessage or a "
                "PurgeReleaseMessage.",
            )
        head.kind = MessageKind(name)
        head.version = NAMESPACES.get(space, "")
        if not head.version:
            told = ", ".join(NAMESPACES.values())
            self.faults.refuse(
                Fault.UNKNOWN_VERSION,
                f"/{name}",
                1,
                f"the namespace {space or '(none)'!r} is of no version that is known here: "
                f"send one of ERN {told}.",
            )
        head.language = attributes.get("LanguageAndScriptCode", "")

    def record(self, container: str, node: Element, path: str) -> None:
        """Take one record."""
        name = node[NAME]
        if name == "MessageHeader":
            self._header(node, path)
        elif name in {"SoundRecording", "Image"} and container == "ResourceList":
            self._resource(node, path)
        elif (
            name in {"Release", "TrackRelease"} and container == "ReleaseList"
        ) or name == "PurgedRelease":
            self.releases.append(_release(node, path, self))
        elif name == "ReleaseDeal" and container == "DealList":
            self.deals.append((self._release_deal(node, path), path, node[LINE]))
        elif name in known.VISIBILITIES and container == "DealList":
            self.faults.only_known(node, path, known.VISIBILITY)
            self.display_dates += read_display_dates(node, path, self.faults)
        elif name == "Party" and container == "PartyList":
            self._party(node)
        elif name == "UpdateIndicator":
            self.head.is_update = text_of(node) == "UpdateMessage"
        elif container == "ResourceList" and name in known.OTHER_RESOURCES:
            self.other_files += names_below(node)
        elif name not in known.IGNORED_RECORDS:
            self.faults.add(
                Fault.UNKNOWN_ELEMENT, path, node[LINE], f"there is no element {name} here."
            )

    def _release_deal(self, node: Element, path: str) -> ReleaseDeals:
        return read_release_deal(node, path, self.faults, self.party)

    def _party(self, node: Element) -> None:
        reference = text_of(node, "PartyReference")
        names = every(node, "PartyName")
        if reference and names:
            self.parties[reference] = text_of(names[0], "FullName")

    def _header(self, node: Element, path: str) -> None:
        head, faults = self.head, self.faults
        self.saw_header = True
        faults.only_known(node, path, known.HEADER)
        sender, recipient = first(node, "MessageSender"), first(node, "MessageRecipient")
        head.message_id = text_of(node, "MessageId")
        head.thread_id = text_of(node, "MessageThreadId")
        head.sender = text_of(sender, "PartyId")
        head.sender_name = text_of(sender, "PartyName", "FullName")
        head.recipient = text_of(recipient, "PartyId")
        head.is_test = text_of(node, "MessageControlType") == "TestMessage"
        if not head.sender:
            faults.missing("MessageSender/PartyId", path, node[LINE])
        created = text_of(node, "MessageCreatedDateTime")
        moment = read_moment(created)
        if not created:
            faults.missing("MessageCreatedDateTime", path, node[LINE])
        elif moment is None:
            faults.bad_value("MessageCreatedDateTime", created, "a date and time", path, node[LINE])
        head.created_at = moment or UnixMs(0)

    def _resource(self, node: Element, path: str) -> None:
        resource = _resource(node, path, self)
        if not resource.reference:
            self.faults.missing("ResourceReference", path, node[LINE])
        elif resource.reference in self.resources:
            self.faults.add(
                Fault.DUPLICATE,
                f"{path}/ResourceReference",
                node[LINE],
                f"{resource.reference} names another resource already: number them apart.",
            )
        else:
            self.resources[resource.reference] = resource

    def message(self) -> Message:
        """Return what was read."""
        head = self.head
        return Message(
            kind=head.kind,
            version=head.version,
            message_id=head.message_id,
            thread_id=head.thread_id,
            sender=head.sender,
            sender_name=head.sender_name,
            recipient=head.recipient,
            created_at=head.created_at,
            is_test=head.is_test,
            is_update=head.is_update,
            language=head.language,
            resources=self.resources,
            releases=_with_main(self.releases),
            deals=tuple(group for group, _, _ in self.deals),
            display_dates=(
                *self.display_dates,
                *(date for group, _, _ in self.deals for date in group.display_dates),
            ),
            other_files=tuple(self.other_files),
        )


def read_message(source: BinaryIO, party: str = "") -> Reading:
    """Read a message as a stream; never raises for what is in it, but lists every fault.

    ``party`` is this service's own DDEX party id: deals for others are noted.
    """
    draft = _Draft(party_key(party))
    try:
        RecordReader(_CONTAINERS, draft.root, draft.record).read(source)
    except Unreadable as refused:
        return Reading(draft.message(), (*draft.faults.found, refused.fault))
    message = draft.message()
    if not draft.saw_header:
        draft.faults.missing("MessageHeader", f"/{message.kind}", 1)
    check_message(
        message, [(g.releases, path, line) for g, path, line in draft.deals], draft.faults
    )
    notes = (*draft.faults.notes, *undealt(message))
    return Reading(message, tuple(draft.faults.found), notes)


def _with_main(releases: list[Release]) -> tuple[Release, ...]:
    """Mark the first release that is no single track as the main one, where none is marked."""
    if not releases or any(r.is_main for r in releases):
        return tuple(releases)
    main = next((r for r in releases if r.kind not in _TRACK_KINDS), releases[0])
    return tuple(replace(r, is_main=True) if r is main else r for r in releases)


def _resource(node: Element, path: str, draft: _Draft) -> Resource:
    faults, is_sound = draft.faults, node[NAME] == "SoundRecording"
    faults.only_known(node, path, known.SOUND if is_sound else known.IMAGE)
    by_territory = defaults_first(details(node, f"{node[NAME]}DetailsByTerritory"))
    editions = every(node, "SoundRecordingEdition")
    holders = [h for _, h in by_territory]
    if holders != [node]:
        holders.append(node)
    everywhere = [*holders, *editions]
    ids = _ids(node)
    for edition in editions:
        ids += _ids(edition)
    duration = text_of(node, "Duration")
    read = read_duration(duration)
    if duration and read is None:
        faults.bad_value("Duration", duration, "a duration such as PT3M25S", path, node[LINE])
    warning = first_text(everywhere, "ParentalWarningType")
    if warning and warning not in WARNINGS:
        told = ", ".join(sorted(WARNINGS))
        faults.bad_value("ParentalWarningType", warning, f"one of {told}", path, node[LINE])
    files = files_of(everywhere, path)
    return Resource(
        reference=text_of(node, "ResourceReference"),
        kind=text_of(node, "Type") or text_of(node, f"{node[NAME]}Type"),
        is_sound=is_sound,
        isrc=first_text(ids, "ISRC").replace("-", "").upper(),
        proprietary_id=first_text(ids, "ProprietaryId"),
        titles=titles_of(node, by_territory, path, draft.faults),
        artist_names=artist_names_of(by_territory),
        artists=artists_of(holders[0], draft.parties),
        contributors=contributors_of(holders[0], draft.parties),
        works=_works(node),
        p_line=line_of(everywhere, "PLine", path, faults),
        c_line=line_of(everywhere, "CLine", path, faults),
        genres=genres_of(holders),
        parental_warning=warning,
        language=first_text(everywhere, "LanguageOfPerformance"),
        duration=read or DurationMs(0),
        file=files[0] if files else None,
        other_files=tuple(f.path for f in files[1:]),
        technical=files[0].technical if files else technical_of(everywhere),
        at=path,
        line=node[LINE],
    )


_IDS: Final = frozenset({"SoundRecordingId", "ImageId", "ResourceId"})
_WORK_IDS: Final = frozenset({"IndirectSoundRecordingId", "WorkId"})


def _ids(node: Element) -> list[Element]:
    return [c for c in node[CHILDREN] if c[NAME] in _IDS]


def _works(node: Element) -> tuple[str, ...]:
    found = [text_of(c, "ISWC") for c in node[CHILDREN] if c[NAME] in _WORK_IDS]
    return tuple(dict.fromkeys(i for i in found if i)) if found else ()


def _release(node: Element, path: str, draft: _Draft) -> Release:
    faults = draft.faults
    if node[NAME] != "PurgedRelease":
        faults.only_known(node, path, known.RELEASE)
    by_territory = defaults_first(details(node, "ReleaseDetailsByTerritory"))
    holders = [h for _, h in by_territory]
    if holders != [node]:
        holders.append(node)
    ids = every(node, "ReleaseId")
    kind = text_of(node, "ReleaseType") or node[NAME]
    released = first_text(holders, "ReleaseDate", "GlobalReleaseDate")
    original = first_text(holders, "OriginalReleaseDate", "GlobalOriginalReleaseDate")
    for name, value in (("ReleaseDate", released), ("OriginalReleaseDate", original)):
        if value and read_date(value[:10]) is None:
            faults.bad_value(name, value, "a date such as 2026-05-01", path, node[LINE])
    placed, images = contents_of(node, holders)
    labels = [text_of(n) for h in holders for n in every(h, "LabelName")]
    references = every(node, "ReleaseLabelReference")
    labels += [draft.parties.get(text_of(r), "") for r in references]
    marked = node[ATTRIBUTES].get("IsMainRelease") == "true"
    in_four = bool(every(node, "ResourceGroup")) and kind not in _TRACK_KINDS
    return Release(
        reference=text_of(node, "ReleaseReference"),
        kind=kind,
        is_main=marked or in_four or node[NAME] == "PurgedRelease",
        icpn=first_text(ids, "ICPN"),
        grid=first_text(ids, "GRid"),
        isrc=first_text(ids, "ISRC").replace("-", "").upper(),
        proprietary_id=first_text(ids, "ProprietaryId"),
        catalog_number=first_text(ids, "CatalogNumber"),
        titles=titles_of(node, by_territory, path, draft.faults),
        artist_names=artist_names_of(by_territory),
        artists=artists_of(holders[0], draft.parties),
        labels=tuple(dict.fromkeys(name for name in labels if name)) if labels else (),
        p_line=line_of(holders, "PLine", path, faults),
        c_line=line_of(holders, "CLine", path, faults),
        genres=genres_of(holders),
        parental_warning=first_text(holders, "ParentalWarningType"),
        release_date=released[:10],
        original_date=original[:10],
        resources=placed,
        images=images,
        at=path,
        line=node[LINE],
    )
