"""Finding what ids name: in the document, else among the common definitions."""

from collections.abc import Iterator

from antiphon.spatial.adm.common import common_channels, common_packs
from antiphon.spatial.adm.model import Channel, Document, Pack, PackType, TrackUid
from antiphon.spatial.errors import MasterUnreadable


def pack_of(document: Document, name: str) -> Pack:
    """Return a pack; raise where nothing defines it."""
    found = document.packs.get(name) or common_packs().get(name)
    if found is None:
        raise MasterUnreadable(f"{name[:20]} is referred to, and nothing defines it.")
    return found


def channel_of(document: Document, name: str) -> Channel:
    """Return a channel; raise where nothing defines it."""
    found = document.channels.get(name) or common_channels().get(name)
    if found is None:
        raise MasterUnreadable(f"{name[:20]} is referred to, and nothing defines it.")
    return found


def channel_of_uid(document: Document, uid: TrackUid) -> str:
    """Return the id of the channel format that a track carries.

    By way of audioTrackFormat and audioStreamFormat where the document has these, else by number:
    AT_yyyyxxxx_zz of a common definition is AC_yyyyxxxx (BS.2094-1).
    """
    if uid.channel:
        return uid.channel
    if uid.track_format is None:
        raise MasterUnreadable(f"{uid.id}: nothing says which channel it carries.")
    stream = document.track_streams.get(uid.track_format)
    if stream is not None:
        found = document.stream_channels.get(stream)
        if found is None:
            raise MasterUnreadable(f"{uid.id}: {stream[:20]} says no channel.")
        return found
    guess = "AC_" + uid.track_format[3:11]
    if guess in document.channels or guess in common_channels():
        return guess
    raise MasterUnreadable(f"{uid.id}: {uid.track_format[:20]} is referred to, and is not there.")


def channels_of_pack(document: Document, name: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return a pack's channels, those of packs in it included, each with its packs, outer first.

    Ambisonic packs hold the lower orders in packs within them: lower orders come first there.
    """
    return list(_channels(document, name, ()))


def _channels(
    document: Document, name: str, above: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    if name in above:
        raise MasterUnreadable(f"{name[:20]} contains itself.")
    pack = pack_of(document, name)
    path = (*above, name)
    if pack.type is PackType.HOA:
        for inner in pack.packs:
            yield from _channels(document, inner, path)
    for channel in pack.channels:
        yield channel, path
    if pack.type is not PackType.HOA:
        for inner in pack.packs:
            yield from _channels(document, inner, path)
