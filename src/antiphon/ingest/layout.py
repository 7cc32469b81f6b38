"""What a file is, told by its content and never by its name, and where its audio lies."""

from collections.abc import Callable

from antiphon.ingest import containers as c
from antiphon.ingest.source import Layout, Source
from antiphon.ingest.tagged_ends import audio_start
from antiphon.kernel import Corrupt

_Lay = Callable[[Source, int], Layout]

_FOREIGN = (
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\x1aE\xdf\xa3", "a Matroska file, which is not supported"),
    (b"\x30\x26\xb2\x75", "a Windows Media file, which is not supported"),
    (b"MPCK", "a Musepack file, which is not supported"),
    (b"MP+", "a Musepack file, which is not supported"),
    (b"TTA", "a True Audio file, which is not supported"),
    (b"FRM8", "a DSDIFF file, which is not supported"),
    (b".snd", "a Sun audio file, which is not supported"),
    (b"#!", "a script"),
    (b"<", "text"),
    (b"#EXT", "a playlist"),
)


def layout_of(source: Source) -> Layout:
    """Return what the file is; ``Corrupt`` says why it is no music that can be taken in."""
    if source.size == 0:
        raise Corrupt("the file is empty")
    start = audio_start(source)
    head = source.at(start, 64)
    lay = _by_content(head)
    if lay is None:
        raise Corrupt(_foreign(source, start, head))
    return lay(source, start)


def _by_content(head: bytes) -> _Lay | None:
    if head[:4] == b"RIFF" or head[:4] in {b"RF64", b"BW64"}:
        return c.wav_layout if head[8:12] == b"WAVE" else None
    if head[:4] == b"FORM":
        return c.aiff_layout if head[8:12] in {b"AIFF", b"AIFC"} else None
    if head[4:8] == b"ftyp":
        return c.mp4_layout
    by_magic: dict[bytes, _Lay] = {
        b"fLaC": c.flac_layout,
        b"OggS": c.ogg_layout,
        b"wvpk": c.wavpack_layout,
        b"MAC ": c.ape_layout,
        b"DSD ": c.dsf_layout,
    }
    found = by_magic.get(head[:4])
    return found or (c.mpeg_layout if c.begins_with_frame(head) else None)


def _foreign(source: Source, start: int, head: bytes) -> str:
    if start >= source.size:
        return "truncated: there is nothing behind the tag"
    named = next((name for magic, name in _FOREIGN if head.startswith(magic)), None)
    if named:
        return f"not music: it is {named}"
    if not any(head):
        return "not music: it begins with zeros"
    return "not music: the content is of no known kind"
