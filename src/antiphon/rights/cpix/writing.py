"""Writing CPIX."""

import re
from base64 import b64encode
from collections.abc import Iterator
from html import escape
from typing import Final
from uuid import UUID

from antiphon.kernel import Invalid
from antiphon.rights.cpix.model import AudioFilter, CpixDocument, CpixKey, CpixSystem, UsageRule

_SPACES: Final = (
    ("xmlns:cpix", "urn:dashif:org:cpix"),
    ("xmlns:pskc", "urn:ietf:params:xml:ns:keyprov:pskc"),
)
# XML 1.0, production 2: what may stand in a document at all.
_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_cpix(document: CpixDocument) -> bytes:
    """Return the document as XML; ``Invalid`` where a text cannot stand in XML."""
    root = (("contentId", document.content_id), ("version", document.version), *_SPACES)
    lists = (
        ("ContentKeyList", (_key(key) for key in document.keys)),
        ("DRMSystemList", (_system(system) for system in document.systems)),
        ("ContentKeyUsageRuleList", (_rule(rule) for rule in document.rules)),
    )
    inner = "".join(_element(name, (), "".join(parts)) for name, parts in lists)
    text = '<?xml version="1.0" encoding="UTF-8"?>\n' + _element("CPIX", root, inner)
    return text.encode()


def _key(key: CpixKey) -> str:
    attributes = [("kid", _uuid(key.kid)), ("commonEncryptionScheme", key.scheme)]
    if key.iv is not None:
        attributes.append(("explicitIV", _base64(key.iv)))
    if key.key is None:
        return _element("ContentKey", attributes)
    plain = f"<pskc:PlainValue>{_base64(key.key)}</pskc:PlainValue>"
    data = _element("Data", (), f"<pskc:Secret>{plain}</pskc:Secret>")
    return _element("ContentKey", attributes, data)


def _system(system: CpixSystem) -> str:
    attributes = (("kid", _uuid(system.kid)), ("systemId", system.system_id))
    return _element("DRMSystem", attributes, "".join(_signalling(system)))


def _signalling(system: CpixSystem) -> Iterator[str]:
    if system.pssh is not None:
        yield _element("PSSH", (), _base64(system.pssh))
    if system.content_protection is not None:
        yield _element("ContentProtectionData", (), _base64(system.content_protection.encode()))
    for playlist, line in (("media", system.hls_media), ("master", system.hls_master)):
        if line is not None:
            yield _element("HLSSignalingData", (("playlist", playlist),), _base64(line.encode()))


def _rule(rule: UsageRule) -> str:
    attributes = (("kid", _uuid(rule.kid)), ("intendedTrackType", rule.track_type))
    return _element("ContentKeyUsageRule", attributes, "".join(map(_filter, rule.audio)))


def _filter(audio: AudioFilter) -> str:
    bounds = (("minChannels", audio.min_channels), ("maxChannels", audio.max_channels))
    return _element("AudioFilter", [(n, str(bound)) for n, bound in bounds if bound is not None])


def _element(
    name: str, attributes: tuple[tuple[str, str], ...] | list[tuple[str, str]], inner: str = ""
) -> str:
    written = "".join(f' {key}="{_escaped(value)}"' for key, value in attributes)
    return f"<cpix:{name}{written}>{inner}</cpix:{name}>"


def _escaped(text: str) -> str:
    if _FORBIDDEN.search(text):
        raise Invalid("A text has characters that no XML document can hold.")
    # Attributes are normalised when read (XML 1.0, 3.3.3), unless white space is written so.
    kept = escape(text).replace("\t", "&#9;").replace("\n", "&#10;")
    return kept.replace("\r", "&#13;")


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode()


def _uuid(kid: bytes) -> str:
    return str(UUID(bytes=kid))
