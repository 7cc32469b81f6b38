"""What single elements say, in the words of either generation of the standard (3.x and 4.x)."""

from collections.abc import Mapping

from antiphon.rights.ern import known
from antiphon.rights.ern.faults import Faults
from antiphon.rights.ern.xml import ATTRIBUTES, CHILDREN, LINE, NAME, Element, every, first, text_of
from antiphon.rights.model import DeliveredFile, Party, RightsLine, Text

Parties = Mapping[str, str]


def details(record: Element, name: str) -> list[tuple[str, Element]]:
    """Return what holds a record's particulars, by territory; in 4.x that is the record itself."""
    found = every(record, name)
    return [(text_of(d, "TerritoryCode") or "Worldwide", d) for d in found] or [
        ("Worldwide", record)
    ]


def defaults_first(pairs: list[tuple[str, Element]]) -> list[tuple[str, Element]]:
    """Return what holds everywhere before what holds in some territory."""
    if len(pairs) == 1:
        return pairs
    return sorted(pairs, key=lambda pair: pair[0] != "Worldwide")


def titles_of(
    record: Element, holders: list[tuple[str, Element]], path: str, faults: Faults
) -> tuple[Text, ...]:
    """Return display titles, the default one first."""
    found: list[tuple[int, Text]] = []
    for territory, holder in holders:
        for title in holder[CHILDREN]:
            if title[NAME] not in _TITLES:
                continue
            faults.only_known(title, f"{path}/{title[NAME]}", known.TITLE)
            attributes, text = title[ATTRIBUTES], _title_text(title)
            kind = attributes.get("TitleType", "DisplayTitle")
            if not text or kind not in _TITLE_KINDS:
                continue
            where = attributes.get("ApplicableTerritoryCode", territory)
            entry = Text(text, where, attributes.get("LanguageAndScriptCode", ""))
            rank = 0 if attributes.get("IsDefault") == "true" else _TITLE_KINDS[kind]
            found.append((rank, entry))
    plain = text_of(record, "DisplayTitleText") or _title_text(first(record, "ReferenceTitle"))
    if not found:
        return (Text(plain),) if plain else ()
    if len(found) == 1:
        return (found[0][1],)
    found.sort(key=lambda ranked: ranked[0])
    return tuple(dict.fromkeys(text for _, text in found))


_TITLES = frozenset({"Title", "DisplayTitle"})
_TITLE_KINDS = {"DisplayTitle": 1, "FormalTitle": 2}


def _title_text(title: Element | None) -> str:
    if title is None:
        return ""
    text, sub = text_of(title, "TitleText"), text_of(title, "SubTitle")
    return f"{text} ({sub})" if text and sub and sub not in text else text


def artist_names_of(holders: list[tuple[str, Element]]) -> tuple[Text, ...]:
    """Return the line that names the artists, the default one first."""
    found: list[Text] = []
    for territory, holder in holders:
        for name in every(holder, "DisplayArtistName"):
            text = text_of(name) or text_of(name, "FullName")
            attributes = name[ATTRIBUTES]
            entry = Text(
                text,
                attributes.get("ApplicableTerritoryCode", territory),
                attributes.get("LanguageAndScriptCode", ""),
            )
            if text:
                found.insert(0 if attributes.get("IsDefault") == "true" else len(found), entry)
    return tuple(found)


_ARTISTS = ("DisplayArtist",)
_CONTRIBUTORS = ("ResourceContributor", "IndirectResourceContributor", "Contributor")
_ROLES = (
    "ArtistRole", "DisplayArtistRole", "ResourceContributorRole",
    "IndirectResourceContributorRole", "Role",
)  # fmt: skip


def artists_of(holder: Element, parties: Parties) -> tuple[Party, ...]:
    """Return the display artists in their order."""
    return _people(holder, _ARTISTS, parties)


def contributors_of(holder: Element, parties: Parties) -> tuple[Party, ...]:
    """Return composers, producers and all others who are credited."""
    return _people(holder, _CONTRIBUTORS, parties)


def _people(holder: Element, kinds: tuple[str, ...], parties: Parties) -> tuple[Party, ...]:
    people = [_person(c, parties) for c in holder[CHILDREN] if c[NAME] in kinds]
    if not people:
        return ()
    return tuple(sorted((p for p in people if p.name), key=lambda p: p.sequence or 9999))


def _person(node: Element, parties: Parties) -> Party:
    name = role = party_id = ""
    for child in node[CHILDREN]:
        kind = child[NAME]
        if kind == "PartyName":
            name = name or text_of(child, "FullName")
        elif kind.endswith("PartyReference"):
            name = parties.get(text_of(child), "")
        elif kind in _ROLES:
            role = role or text_of(child)
        elif kind == "PartyId":
            party_id = text_of(child) or text_of(child, "ISNI") or text_of(child, "DPID")
    number = node[ATTRIBUTES].get("SequenceNumber", "")
    return Party(name, role, party_id, int(number) if number.isdecimal() else 0)


_LINES = {"PLine": known.P_LINE, "CLine": known.C_LINE}


def line_of(holders: list[Element], name: str, path: str, faults: Faults) -> RightsLine | None:
    """Return the first (P) or (C) line there is."""
    for holder in holders:
        line = first(holder, name)
        if line is not None:
            faults.only_known(line, f"{path}/{name}", _LINES[name])
            return RightsLine(text_of(line, "Year"), text_of(line, f"{name}Text"))
    return None


def genres_of(holders: list[Element]) -> tuple[str, ...]:
    """Return genres, then the finer ones."""
    found: list[str] = []
    for holder in holders:
        for genre in every(holder, "Genre"):
            found += [text_of(genre, "GenreText"), text_of(genre, "SubGenre")]
    return tuple(dict.fromkeys(text for text in found if text)) if found else ()


def first_text(holders: list[Element], *names: str) -> str:
    """Return the first text of any of these elements."""
    for holder in holders:
        for name in names:
            found = text_of(holder, name)
            if found:
                return found
    return ""


_TECHNICAL = frozenset(
    {"TechnicalDetails", "TechnicalSoundRecordingDetails", "TechnicalImageDetails"}
)


def files_of(holders: list[Element], at: str) -> tuple[DeliveredFile, ...]:
    """Return the files of a resource, the one to play first; previews and others come after."""
    whole: list[DeliveredFile] = []
    previews: list[DeliveredFile] = []
    for holder in holders:
        for technical in holder[CHILDREN]:
            if technical[NAME] not in _TECHNICAL:
                continue
            into = previews if text_of(technical, "IsPreview") == "true" else whole
            reference = text_of(technical, "TechnicalResourceDetailsReference")
            for parent in every(technical, "DeliveryFile") or [technical]:
                for file in every(parent, "File"):
                    into.append(_file(file, f"{at}/{technical[NAME]}/File", reference))
    return (*whole, *previews) if whole else ()


def technical_of(holders: list[Element]) -> str:
    """Return the reference of the first technical details, where no file is named."""
    for holder in holders:
        for technical in holder[CHILDREN]:
            if technical[NAME] in _TECHNICAL and text_of(technical, "IsPreview") != "true":
                return text_of(technical, "TechnicalResourceDetailsReference")
    return ""


def names_below(node: Element) -> tuple[str, ...]:
    """Return every file that a record of any kind names."""
    found: list[str] = []
    for child in node[CHILDREN]:
        if child[NAME] == "File":
            found.append(_file(child, "", "").path)
        else:
            found += names_below(child)
    return tuple(found)


def _file(file: Element, at: str, technical: str) -> DeliveredFile:
    path = text_of(file, "URI")
    if not path:
        name, folder = text_of(file, "FileName"), text_of(file, "FilePath")
        path = f"{folder.rstrip('/')}/{name}" if folder else name
    sum_ = first(file, "HashSum")
    algorithm = text_of(sum_, "HashSumAlgorithmType") or text_of(sum_, "Algorithm")
    value = text_of(sum_, "HashSum") or text_of(sum_, "HashSumValue")
    algorithm = algorithm.upper().replace("-", "")
    return DeliveredFile(path, algorithm, value.lower(), at, file[LINE], technical)
