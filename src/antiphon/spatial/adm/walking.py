"""From a programme down to the audioObjects that sound in it (BS.2127-1, 5.2)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from antiphon.spatial.adm.model import AudioObject, Document, Programme
from antiphon.spatial.errors import MasterUnreadable
from antiphon.spatial.scene import Importance, PositionOffset

_MAX_NESTING = 32


@dataclass(frozen=True, slots=True)
class Visit:
    """One audioObject on one way to it, with what those above it say."""

    obj: AudioObject
    path: tuple[str, ...]
    start: Fraction
    end: Fraction | None
    gain: float
    mute: bool
    offset: PositionOffset | None
    importance: Importance


def chosen_programme(document: Document, name: str | None) -> Programme | None:
    """Return the programme of that id, the first by id where none is named, None without any."""
    if name is not None:
        found = document.programmes.get(name.upper())
        if found is None:
            told = ", ".join(document.programmes) or "none"
            raise MasterUnreadable(f"there is no programme {name[:40]!r}: there are {told}.")
        return found
    return min(document.programmes.values(), key=lambda p: p.id, default=None)


def visits(document: Document, programme: Programme | None, notes: list[str]) -> Iterator[Visit]:
    """Yield what sounds, in the document's order.

    Of complementary objects the default sounds: the one that refers to the others.
    """
    left_out = {name for obj in document.objects.values() for name in obj.complements}
    for path, root in _roots(document, programme, notes):
        yield from _below(document, root, _first(root, path), left_out, notes)


def _roots(
    document: Document, programme: Programme | None, notes: list[str]
) -> Iterator[tuple[tuple[str, ...], AudioObject]]:
    if programme is None:
        inner = {name for obj in document.objects.values() for name in obj.objects}
        for obj in document.objects.values():
            if obj.id not in inner:
                yield (), obj
        return
    for content_name in programme.contents:
        content = document.contents.get(content_name)
        if content is None:
            notes.append(f"{programme.id}: {content_name[:20]} is not there: it is left out.")
            continue
        for obj in _objects(document, content.objects, content.id, notes):
            yield (programme.id, content.id), obj


def _objects(
    document: Document, names: Iterable[str], where: str, notes: list[str]
) -> Iterator[AudioObject]:
    for name in names:
        found = document.objects.get(name)
        if found is None:
            notes.append(f"{where}: {name[:20]} is not there: it is left out.")
        else:
            yield found


def _first(obj: AudioObject, path: tuple[str, ...]) -> Visit:
    end = None if obj.duration is None else obj.start + obj.duration
    importance = Importance(audio_object=obj.importance)
    return Visit(obj, (*path, obj.id), obj.start, end, obj.gain, obj.mute, obj.offset, importance)


def _below(
    document: Document, obj: AudioObject, visit: Visit, left_out: set[str], notes: list[str]
) -> Iterator[Visit]:
    if obj.id in left_out:
        return
    if len(visit.path) > _MAX_NESTING or visit.path.count(obj.id) > 1:
        raise MasterUnreadable(f"{obj.id}: audioObjects are nested in a circle, or too deep.")
    yield visit
    for inner in _objects(document, obj.objects, obj.id, notes):
        yield from _below(document, inner, _nested(visit, inner), left_out, notes)


def _nested(outer: Visit, obj: AudioObject) -> Visit:
    own = _first(obj, outer.path)
    told = [i for i in (outer.importance.audio_object, obj.importance) if i is not None]
    return replace(
        own,
        gain=outer.gain * obj.gain,
        mute=outer.mute or obj.mute,
        offset=_sum(outer.offset, obj.offset),
        importance=Importance(audio_object=min(told, default=None)),
    )


def _sum(one: PositionOffset | None, other: PositionOffset | None) -> PositionOffset | None:
    if one is None or other is None:
        return one or other
    if one.cartesian != other.cartesian:
        raise MasterUnreadable("nested positionOffsets are in different coordinates.")
    return PositionOffset(
        one.cartesian, one.first + other.first, one.second + other.second, one.third + other.third
    )
