"""Reading CPIX: hardened as label messages are (no DTD, no entities, bounded), and small."""

import binascii
from base64 import b64decode
from io import BytesIO
from typing import Final
from uuid import UUID

from antiphon.rights.cpix.model import (
    AudioFilter,
    CpixDocument,
    CpixKey,
    CpixRefused,
    CpixSystem,
    UsageRule,
)
from antiphon.rights.ern.xml import (
    ATTRIBUTES,
    LINE,
    NAME,
    TEXT,
    Element,
    RecordReader,
    Unreadable,
    every,
    first,
    text_of,
)
from antiphon.rights.keys.model import KEY_BYTES

MAX_CPIX_BYTES: Final = 1024 * 1024
_MOST_RECORDS: Final = 2000
_SPACE: Final = "urn:dashif:org:cpix"
_CONTAINERS: Final = frozenset(
    {
        "ContentKeyList",
        "DRMSystemList",
        "ContentKeyUsageRuleList",
        "ContentKeyPeriodList",
        "DeliveryDataList",
        "UpdateHistoryItemList",
    }
)


def read_cpix(data: bytes) -> CpixDocument:
    """Return what a document says; ``CpixRefused`` names the element and what is wrong with it."""
    if len(data) > MAX_CPIX_BYTES:
        raise CpixRefused(f"A CPIX document has at most {MAX_CPIX_BYTES} bytes.")
    reading = _Reading()
    reader = RecordReader(_CONTAINERS, reading.root, reading.record)
    try:
        reader.read(BytesIO(data))
    except Unreadable as fault:
        raise CpixRefused(fault.detail) from fault
    return reading.document()


class _Reading:
    def __init__(self) -> None:
        self._attributes: dict[str, str] = {}
        self._keys: list[CpixKey] = []
        self._systems: list[CpixSystem] = []
        self._rules: list[UsageRule] = []
        self._records = 0

    def root(self, name: str, space: str, attributes: dict[str, str]) -> None:
        if name != "CPIX" or space != _SPACE:
            raise CpixRefused(f"This is no CPIX document: its root is {name!r} of {space!r}.")
        self._attributes = attributes

    def record(self, container: str, element: Element, path: str) -> None:
        self._records += 1
        if self._records > _MOST_RECORDS:
            raise CpixRefused(f"A CPIX document has at most {_MOST_RECORDS} elements in its lists.")
        match container, element[NAME]:
            case "ContentKeyList", "ContentKey":
                self._keys.append(_key(element, path))
            case "DRMSystemList", "DRMSystem":
                self._systems.append(_system(element, path))
            case "ContentKeyUsageRuleList", "ContentKeyUsageRule":
                self._rules.append(_rule(element, path))
            case _:
                pass  # what SPEKE does not use is passed over, as it says

    def document(self) -> CpixDocument:
        kids = [key.kid for key in self._keys]
        if len(set(kids)) != len(kids):
            raise CpixRefused("Two content keys have one id.")
        return CpixDocument(
            content_id=self._attributes.get("contentId", ""),
            version=self._attributes.get("version", ""),
            keys=tuple(self._keys),
            systems=tuple(self._systems),
            rules=tuple(self._rules),
        )


def _key(element: Element, path: str) -> CpixKey:
    secret = first(element, "Data")
    if secret is not None and first(secret, "Secret") is not None:
        inner = first(secret, "Secret")
        if inner is not None and first(inner, "EncryptedValue") is not None:
            raise _refusal(element, path, "its key is encrypted, and no certificate was sent")
    plain = text_of(element, "Data", "Secret", "PlainValue")
    vector = element[ATTRIBUTES].get("explicitIV", "")
    return CpixKey(
        kid=_kid(element, path),
        key=_sized(plain, element, path) if plain else None,
        iv=_sized(vector, element, path) if vector else None,
        scheme=element[ATTRIBUTES].get("commonEncryptionScheme", ""),
    )


def _system(element: Element, path: str) -> CpixSystem:
    lines: dict[str, str] = {}
    for node in every(element, "HLSSignalingData"):
        playlist = node[ATTRIBUTES].get("playlist", "media")
        if playlist not in {"media", "master"} or playlist in lines:
            raise _refusal(node, path, "one line for playlists of each kind, media and master")
        lines[playlist] = _text(node, path)
    box, protection = first(element, "PSSH"), first(element, "ContentProtectionData")
    return CpixSystem(
        system_id=_uuid(element[ATTRIBUTES].get("systemId", ""), element, path),
        kid=_kid(element, path),
        pssh=None if box is None else _bytes(box[TEXT], box, path),
        content_protection=None if protection is None else _text(protection, path),
        hls_media=lines.get("media"),
        hls_master=lines.get("master"),
    )


def _rule(element: Element, path: str) -> UsageRule:
    return UsageRule(
        kid=_kid(element, path),
        track_type=element[ATTRIBUTES].get("intendedTrackType", ""),
        audio=tuple(
            AudioFilter(_count(node, "minChannels", path), _count(node, "maxChannels", path))
            for node in every(element, "AudioFilter")
        ),
    )


def _count(node: Element, name: str, path: str) -> int | None:
    raw = node[ATTRIBUTES].get(name)
    if raw is None:
        return None
    if not raw.isascii() or not raw.isdecimal() or not 0 < len(raw) <= 4:
        raise _refusal(node, path, f"{name} is a small number")
    return int(raw)


def _kid(element: Element, path: str) -> bytes:
    return UUID(_uuid(element[ATTRIBUTES].get("kid", ""), element, path)).bytes


def _uuid(raw: str, element: Element, path: str) -> str:
    try:
        found = str(UUID(raw))
    except ValueError:
        found = ""
    if not found or found != raw.lower():
        raise _refusal(element, path, "ids are UUIDs, with hyphens")
    return found


def _sized(raw: str, element: Element, path: str) -> bytes:
    value = _bytes(raw, element, path)
    if len(value) != KEY_BYTES:
        raise _refusal(element, path, f"keys and vectors have {KEY_BYTES} bytes")
    return value


def _text(node: Element, path: str) -> str:
    try:
        return _bytes(node[TEXT], node, path).decode()
    except UnicodeDecodeError as fault:
        raise _refusal(node, path, "its text is not UTF-8") from fault


def _bytes(raw: str, element: Element, path: str) -> bytes:
    try:
        return b64decode("".join(raw.split()), validate=True)
    except (binascii.Error, ValueError) as fault:
        raise _refusal(element, path, "this is no base64") from fault


def _refusal(element: Element, path: str, what: str) -> CpixRefused:
    """Name the element, never its value: it may be a key."""
    return CpixRefused(f"line {element[LINE]}, {path}/{element[NAME]}: {what}.")
