"""What SPEKE v2.0 demands of an answer, given the request that it answers. Pure.

Whatever was asked for has to be there, the content id, version and scheme as they were sent, and a
``pssh`` box told twice has to be the same both times ("the encryptor shall stop and throw an
error"). What goes into playlists is checked as well: a line of playlist is one line.
"""

import binascii
import re
from base64 import b64decode
from typing import Final
from uuid import UUID

from antiphon.rights.cpix.model import (
    AudioFilter,
    CpixDocument,
    CpixKey,
    CpixRefused,
    CpixSystem,
    DrmSystem,
    UsageRule,
)
from antiphon.rights.keys.model import ContentKey, DrmSignalling, ProtectedKey

_PSSH_IN_XML: Final = re.compile(r"<(?:\w+:)?pssh\b[^>]*>([^<]*)<")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_BOX_HEAD: Final = 28  # size, type, version and flags, system id (ISO/IEC 23001-7, 8.1)


def request_for(
    content_id: str, kid: bytes, iv: bytes, systems: tuple[DrmSystem, ...]
) -> CpixDocument:
    """Return what asks for one key, for all audio tracks that carry its id."""
    return CpixDocument(
        content_id,
        keys=(CpixKey(kid, iv=iv),),
        systems=tuple(_asked(system, kid) for system in systems),
        rules=(UsageRule(kid, "AUDIO", (AudioFilter(),)),),
    )


def answered(request: CpixDocument, answer: CpixDocument) -> ProtectedKey:
    """Return the one key that ``request`` asked for; ``CpixRefused`` says what the answer lacks.

    The server may give the key another id than the one proposed, and everything then speaks of it.
    """
    if (answer.content_id, answer.version) != (request.content_id, request.version):
        raise CpixRefused("The answer is about another content id or CPIX version.")
    if len(answer.keys) != 1:
        raise CpixRefused("One key was asked for, and the answer has another number of them.")
    asked, given = request.keys[0], answer.keys[0]
    if given.key is None:
        raise CpixRefused("The answer's content key has no value.")
    if given.scheme != asked.scheme:
        raise CpixRefused("The answer's key is for another encryption scheme.")
    if [rule.kid for rule in answer.rules] != [given.kid]:
        raise CpixRefused("The answer does not repeat for which tracks the key is.")
    vector = given.iv or asked.iv
    if vector is None:
        raise CpixRefused("The answer has no initialisation vector.")
    found = {system.system_id: system for system in answer.systems if system.kid == given.kid}
    wanted = [_checked(system, found.get(system.system_id)) for system in request.systems]
    return ProtectedKey(ContentKey(given.kid, given.key, vector), tuple(wanted))


def _asked(system: DrmSystem, kid: bytes) -> CpixSystem:
    """Return the empty elements to be filled in: FairPlay lives in playlists alone."""
    if system is DrmSystem.FAIRPLAY:
        return CpixSystem(system, kid, hls_media="", hls_master="")
    return CpixSystem(system, kid, pssh=b"", content_protection="", hls_media="", hls_master="")


def _checked(asked: CpixSystem, given: CpixSystem | None) -> DrmSignalling:
    if given is None:
        raise CpixRefused(f"The answer has nothing for DRM system {asked.system_id}.")
    for name in ("pssh", "content_protection", "hls_media", "hls_master"):
        if getattr(asked, name) is not None and not getattr(given, name):
            raise CpixRefused(f"The answer has no {name} for DRM system {asked.system_id}.")
    box = given.pssh or b""
    if box:
        _check_box(box, asked.system_id)
    protection = given.content_protection or ""
    if any(_decoded(text) != box for text in _PSSH_IN_XML.findall(protection)):
        raise CpixRefused(f"The answer tells two different pssh boxes of {asked.system_id}.")
    return DrmSignalling(
        asked.system_id,
        box,
        _line(given.hls_media, "#EXT-X-KEY:", asked.system_id),
        _line(given.hls_master, "#EXT-X-SESSION-KEY:", asked.system_id),
        protection,
    )


def _check_box(box: bytes, system_id: str) -> None:
    whole = len(box) >= _BOX_HEAD and int.from_bytes(box[:4], "big") == len(box)
    if not whole or box[4:8] != b"pssh" or box[12:28] != UUID(system_id).bytes:
        raise CpixRefused(f"What the answer has as pssh of {system_id} is no such box.")


def _decoded(text: str) -> bytes | None:
    try:
        return b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _line(text: str | None, tag: str, system_id: str) -> str:
    line = (text or "").strip()
    if line and (not line.startswith(tag) or _CONTROL.search(line)):
        raise CpixRefused(f"What the answer has for playlists of {system_id} is no {tag} line.")
    return line
