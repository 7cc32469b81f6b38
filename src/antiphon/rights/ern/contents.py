"""What a release holds, in which order: its resource groups."""

from antiphon.rights.ern.xml import ATTRIBUTES, CHILDREN, NAME, Element, every, first, text_of
from antiphon.rights.model import Placed


def contents_of(
    node: Element, holders: list[Element]
) -> tuple[tuple[Placed, ...], tuple[str, ...]]:
    """Return what a release holds: resources by disc and number, and what is beside them."""
    for holder in holders:
        groups = every(holder, "ResourceGroup")
        if groups:
            placed: list[Placed] = []
            beside: list[str] = []
            for disc, group in enumerate(_discs(groups), 1):
                songs: list[str] = []
                _walk(group, songs, beside)
                placed += (Placed(song, disc, number) for number, song in enumerate(songs, 1))
            return tuple(placed), tuple(dict.fromkeys(beside))
    named = every(first(node, "ReleaseResourceReferenceList") or node, "ReleaseResourceReference")
    main = [n for n in named if n[ATTRIBUTES].get("ReleaseResourceType") != "SecondaryResource"]
    others = [text_of(n) for n in named if n not in main]
    others += [text_of(n) for n in every(node, "LinkedReleaseResourceReference")]
    return tuple(Placed(text_of(n), 1, i) for i, n in enumerate(main, 1)), tuple(others)


def _discs(groups: list[Element]) -> list[Element]:
    """Return one group for each disc: a lone outer group only holds them together."""
    if len(groups) > 1:
        return sorted(groups, key=_sequence)
    inner = sorted(every(groups[0], "ResourceGroup"), key=_sequence)
    songs = [i for i in every(groups[0], "ResourceGroupContentItem") if not _is_beside(i)]
    if not inner or songs:
        return groups
    outer = [*groups[0]]
    outer[CHILDREN] = [c for c in groups[0][CHILDREN] if c[NAME] != "ResourceGroup"]
    return [*inner, outer]


def _walk(group: Element, songs: list[str], beside: list[str]) -> None:
    """Follow a disc's resource group: items are songs, groups within it are parts of it."""
    for item in sorted(every(group, "ResourceGroupContentItem"), key=_sequence):
        reference = text_of(item, "ReleaseResourceReference")
        (beside if _is_beside(item) else songs).append(reference)
        beside += [text_of(n) for n in every(item, "LinkedReleaseResourceReference")]
    beside += [text_of(n) for n in every(group, "LinkedReleaseResourceReference")]
    for inner in sorted(every(group, "ResourceGroup"), key=_sequence):
        _walk(inner, songs, beside)


def _is_beside(item: Element) -> bool:
    """Say whether an item is no song: a cover, a booklet."""
    attributes = (first(item, "ReleaseResourceReference") or item)[ATTRIBUTES]
    kind = text_of(item, "ResourceType")
    is_secondary = attributes.get("ReleaseResourceType") == "SecondaryResource"
    return is_secondary or bool(kind and kind != "SoundRecording")


def _sequence(node: Element) -> int:
    text = text_of(node, "SequenceNumber") or text_of(node, "DisplaySequence")
    return int(text) if text.isdecimal() else 0
