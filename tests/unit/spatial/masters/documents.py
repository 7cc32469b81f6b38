"""ADM documents for tests, from a few words."""

from antiphon.spatial.adm import ChnaEntry, read_document, scene_of
from antiphon.spatial.scene import Scene

POSITION = (
    '<position coordinate="azimuth">30</position><position coordinate="elevation">0</position>'
)


def axml(*elements: str, version: str = "ITU-R_BS.2076-2") -> bytes:
    inner = "".join(elements)
    return (
        '<?xml version="1.0"?><ebuCoreMain xmlns="urn:ebu:metadata-schema:ebuCore_2016">'
        f'<coreMetadata><format><audioFormatExtended version="{version}">{inner}'
        "</audioFormatExtended></format></coreMetadata></ebuCoreMain>"
    ).encode()


def programme(*contents: str, number: int = 1, inner: str = "") -> str:
    refs = "".join(f"<audioContentIDRef>{c}</audioContentIDRef>" for c in contents)
    told = f'audioProgrammeID="APR_100{number}" audioProgrammeName="P{number}"'
    return f"<audioProgramme {told}>{refs}{inner}</audioProgramme>"


def content(*objects: str, number: int = 1) -> str:
    refs = "".join(f"<audioObjectIDRef>{o}</audioObjectIDRef>" for o in objects)
    told = f'audioContentID="ACO_100{number}" audioContentName="C{number}"'
    return f"<audioContent {told}>{refs}</audioContent>"


def audio_object(
    number: int,
    packs: tuple[str, ...] = (),
    uids: tuple[int, ...] = (),
    inner: str = "",
    told: str = "",
) -> str:
    refs = "".join(f"<audioPackFormatIDRef>{p}</audioPackFormatIDRef>" for p in packs)
    refs += "".join(f"<audioTrackUIDRef>ATU_{u:08X}</audioTrackUIDRef>" for u in uids)
    name = f'audioObjectID="AO_{number}" audioObjectName="O{number}"'
    return f"<audioObject {name} {told}>{refs}{inner}</audioObject>"


def pack(name: str, kind: str, *channels: str, inner: str = "", told: str = "") -> str:
    refs = "".join(f"<audioChannelFormatIDRef>{c}</audioChannelFormatIDRef>" for c in channels)
    about = f'audioPackFormatID="{name}" audioPackFormatName="{name}" typeLabel="{kind}"'
    return f"<audioPackFormat {about} {told}>{refs}{inner}</audioPackFormat>"


def channel(name: str, kind: str, *blocks: str, inner: str = "") -> str:
    about = f'audioChannelFormatID="{name}" audioChannelFormatName="{name}" typeLabel="{kind}"'
    return f"<audioChannelFormat {about}>{''.join(blocks)}{inner}</audioChannelFormat>"


def block(inner: str = POSITION, start: str = "", duration: str = "") -> str:
    times = f'rtime="{start}"' if start else ""
    times += f' duration="{duration}"' if duration else ""
    return f'<audioBlockFormat audioBlockFormatID="AB_1" {times}>{inner}</audioBlockFormat>'


def uid(number: int, channel_name: str, pack_name: str) -> str:
    return (
        f'<audioTrackUID UID="ATU_{number:08X}">'
        f"<audioChannelFormatIDRef>{channel_name}</audioChannelFormatIDRef>"
        f"<audioPackFormatIDRef>{pack_name}</audioPackFormatIDRef></audioTrackUID>"
    )


def rows(*numbers: int) -> tuple[ChnaEntry, ...]:
    return tuple(ChnaEntry(n, f"ATU_{n:08X}", "", "") for n in numbers)


def one_object(*blocks: str, told: str = "", inner: str = "") -> bytes:
    """A document of one object whose channel has these blocks."""
    return axml(
        programme("ACO_1001"),
        content("AO_1001"),
        audio_object(1001, ("AP_00031001",), (1,), inner=inner, told=told),
        pack("AP_00031001", "0003", "AC_00031001"),
        channel("AC_00031001", "0003", *(blocks or (block(),))),
        uid(1, "AC_00031001", "AP_00031001"),
    )


def scene(document: bytes, *tracks: int, channels: int = 8, chosen: str | None = None) -> Scene:
    read = read_document(document, rows(*(tracks or (1,))))
    return scene_of(read, channels=channels, sample_rate=48_000, programme=chosen)
