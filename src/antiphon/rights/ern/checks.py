"""What must hold for a message as a whole, beyond what single elements say."""

from collections.abc import Sequence

from antiphon.rights.ern.faults import Faults
from antiphon.rights.ern.values import is_isrc
from antiphon.rights.model import Fault, Message, MessageKind, Release, Resource

Where = tuple[tuple[str, ...], str, int]


def check_message(message: Message, deals: Sequence[Where], faults: Faults) -> None:
    """List what is missing, doubled, or refers to nothing."""
    _check_releases(message, faults)
    if message.kind is MessageKind.PURGE:
        return
    for resource in message.resources.values():
        _check_resource(resource, faults)
    references = {r.reference for r in message.releases}
    for named, path, line in deals:
        for reference in named:
            if reference not in references:
                _dangling(f"{path}/DealReleaseReference", line, reference, "release", faults)


def _check_releases(message: Message, faults: Faults) -> None:
    if not message.releases:
        faults.missing("a Release", f"/{message.kind}/ReleaseList", 1)
    seen: set[str] = set()
    for release in message.releases:
        if not release.key:
            faults.missing("ReleaseId with ICPN, GRid or ProprietaryId", release.at, release.line)
        if message.kind is MessageKind.PURGE:
            continue
        if not release.reference:
            faults.missing("ReleaseReference", release.at, release.line)
        elif release.reference in seen:
            detail = f"{release.reference} names another release already: number them apart."
            faults.add(Fault.DUPLICATE, release.at, release.line, detail)
        seen.add(release.reference)
        _check_contents(message, release, faults)


def _check_contents(message: Message, release: Release, faults: Faults) -> None:
    for reference in [p.reference for p in release.resources] + list(release.images):
        if reference not in message.resources:
            _dangling(release.at, release.line, reference, "resource", faults)
    if not release.is_main:
        return
    if not release.titles:
        faults.missing("a title", release.at, release.line)
    if not any(
        message.resources[p.reference].is_sound
        for p in release.resources
        if p.reference in message.resources
    ):
        faults.missing("a sound recording", release.at, release.line)
    if not (release.artists or release.artist_names):
        faults.missing("DisplayArtist", release.at, release.line)


def _check_resource(resource: Resource, faults: Faults) -> None:
    if not resource.is_sound:
        return
    if not (resource.isrc or resource.proprietary_id):
        faults.missing("an ISRC or ProprietaryId", resource.at, resource.line)
    if resource.isrc and not is_isrc(resource.isrc):
        faults.bad_value("ISRC", resource.isrc, "an ISRC", resource.at, resource.line)
    if not resource.titles:
        faults.missing("a title", resource.at, resource.line)


def undealt(message: Message) -> tuple[str, ...]:
    """Return notes on releases that no deal speaks of: nothing may be done with them.

    A deal for a release speaks of its songs too, and one for a song of the releases that hold it.
    A song that alone of its release has no deal of its own may have been forgotten: that is noted.
    """
    if message.kind is not MessageKind.NEW_RELEASE:
        return ()
    dealt = {r for group in message.deals if group.deals for r in group.releases}
    held = {p.reference for r in message.releases if r.reference in dealt for p in r.resources}
    songs_dealt = any(r.reference in dealt for r in message.releases if not r.is_main)
    notes = []
    for release in message.releases:
        if release.reference in dealt:
            continue
        if not any(p.reference in held for p in release.resources):
            told = f"no deal says what may be done with {release.reference}; nothing may."
        elif songs_dealt and not release.is_main:
            told = (
                f"no deal is for {release.reference} itself, as there is for others: "
                "those of the release that holds it count."
            )
        else:
            continue
        notes.append(f"{release.at}: {told}")
    return tuple(notes)


def _dangling(path: str, line: int, reference: str, kind: str, faults: Faults) -> None:
    detail = f"{reference!r} names no {kind} of this message: add it or correct the reference."
    faults.add(Fault.BAD_REFERENCE, path, line, detail)
