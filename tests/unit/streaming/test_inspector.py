"""The inspector: a good presentation passes, and each rule notices what breaks it."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import msgspec
import pytest

from antiphon.audio import find_box, read_boxes
from antiphon.kernel import Invalid, NotFound
from antiphon.streaming import Level, Outcome, inspect
from antiphon.streaming.inspector import RULES, Fetched

SIGNED = "http://127.0.0.1/hls/65544560.f123.token4567token4567token4567"
FAIRPLAY = 'KEYFORMAT="com.apple.streamingkeydelivery"'


@dataclass
class Site:
    """A presentation in memory, to be broken."""

    files: dict[str, Fetched]
    base: str = SIGNED
    asked: list[str] = field(default_factory=list)

    async def fetch(self, uri: str, *, part: range | None = None) -> Fetched:
        self.asked.append(uri)
        found = self.files.get(uri.removeprefix(self.base + "/"))
        if found is None:
            return Fetched(uri, 404, b"", reason="Not Found")
        body = found.body if part is None else found.body[part.start : part.stop]
        return replace(found, uri=uri, body=body)

    async def report(self):
        return await inspect(f"{self.base}/main.m3u8", fetcher=self)

    def edit(self, name: str, old: str | bytes, new: str | bytes, count: int = -1) -> None:
        """Replace something in a file; it must be there."""
        old = old.encode() if isinstance(old, str) else old
        new = new.encode() if isinstance(new, str) else new
        body = self.files[name].body
        assert old in body, (name, old)
        self.files[name] = replace(self.files[name], body=body.replace(old, new, count))

    def drop_line(self, name: str, beginning: str) -> None:
        """Take out the lines that begin so."""
        lines = self.files[name].body.decode().splitlines()
        kept = [line for line in lines if not line.startswith(beginning)]
        assert len(kept) < len(lines), (name, beginning)
        self.files[name] = replace(self.files[name], body="\n".join(kept).encode() + b"\n")

    def drop_variant(self, rung: str) -> None:
        lines = self.files["main.m3u8"].body.decode().splitlines()
        kept = [
            line
            for line, after in zip(lines, [*lines[1:], ""], strict=True)
            if f'URI="{rung}.m3u8"' not in line and f"{rung}.m3u8" not in {line, after}
        ]
        self.files["main.m3u8"] = replace(
            self.files["main.m3u8"], body="\n".join(kept).encode() + b"\n"
        )

    def patch(self, name: str, path: str, at: int, new: bytes) -> None:
        """Overwrite bytes in the body of a box."""
        body = bytearray(self.files[name].body)
        box = find_box(read_boxes(bytes(body)), path)
        assert box is not None
        start = box.start + box.header + at
        body[start : start + len(new)] = new
        self.files[name] = replace(self.files[name], body=bytes(body))

    def grow(self, name: str, path: str, extra: Callable[[bytes], bytes]) -> None:
        """Append to a box what ``extra`` makes of its children; all sizes above are corrected."""
        body = bytearray(self.files[name].body)
        parts = path.split("/")
        boxes = [
            find_box(read_boxes(bytes(body)), "/".join(parts[: n + 1])) for n in range(len(parts))
        ]
        inner = boxes[-1]
        assert inner is not None
        added = extra(inner.body)
        for box in boxes:
            assert box is not None
            struct.pack_into(">I", body, box.start, box.size + len(added))
        end = inner.start + inner.size
        body[end:end] = added
        self.files[name] = replace(self.files[name], body=bytes(body))

    def header(self, name: str, key: str, value: str | None) -> None:
        headers = {k: v for k, v in self.files[name].headers.items() if k != key}
        if value is not None:
            headers[key] = value
        self.files[name] = replace(self.files[name], headers=headers)


@pytest.fixture
def site(published) -> Site:
    """The first take, without the rung that is above the nominal bit rate."""
    files = {
        name: Fetched(name, a.status, _unpacked(a), a.headers) for name, a in published.items()
    }
    site = Site(files)
    site.drop_variant("aac-256")
    return site


def _unpacked(answer) -> bytes:
    if answer.headers.get("content-encoding") != "gzip":
        return answer.body
    return zlib.decompress(answer.body, wbits=31)


def restore_256(site: Site) -> None:
    text = site.files["main.m3u8"].body.decode()
    extra = '#EXT-X-STREAM-INF:BANDWIDTH=260000,AVERAGE-BANDWIDTH=258000,CODECS="mp4a.40.2"'
    body = f"{text}{extra}\naac-256.m3u8\n".encode()
    site.files["main.m3u8"] = replace(site.files["main.m3u8"], body=body)


def shift(site: Site, name: str, ticks: int) -> None:
    tfdt = find_box(read_boxes(site.files[name].body), "moof/traf/tfdt")
    assert tfdt is not None
    at = struct.unpack(">Q", tfdt.body[4:12])[0]
    site.patch(name, "moof/traf/tfdt", 4, struct.pack(">Q", at + ticks))


def add_line(site: Site, name: str, before: str, line: str) -> None:
    site.edit(name, before, f"{line}\n{before}", 1)


def keyed(line: str) -> Callable[[Site], None]:
    return lambda s: add_line(s, "flac.m3u8", "#EXTINF", f"#EXT-X-KEY:{line}")


def only_these_codecs(site: Site, **entries: str) -> None:
    for name in [n for n in site.files if n.endswith("init.mp4")]:
        was = "fLaC" if name.startswith("flac") else "mp4a"
        site.edit(name, was, entries[was])


def two_entries(site: Site, name: str) -> None:
    site.grow(name, "moov/trak/mdia/minf/stbl/stsd", lambda body: body[8:])
    site.patch(name, "moov/trak/mdia/minf/stbl/stsd", 4, struct.pack(">I", 2))


def with_discontinuity(site: Site) -> None:
    for name in ("flac.m3u8", "aac-64.m3u8", "aac-128.m3u8"):
        text = site.files[name].body.decode()
        where = text.index("#EXTINF", text.index("#EXTINF") + 1)
        body = f"{text[:where]}#EXT-X-DISCONTINUITY\n{text[where:]}".encode()
        site.files[name] = replace(site.files[name], body=body)


def redirected(site: Site) -> None:
    site.files["flac/0.m4s"] = replace(site.files["flac/0.m4s"], status=302)


def moved_to(base: str) -> Callable[[Site], None]:
    return lambda s: setattr(s, "base", base)


def multichannel_in_the_open(site: Site) -> None:
    site.patch("flac/init.mp4", "moov/trak/mdia/minf/stbl/stsd", 8 + 8 + 16, b"\0\6")
    site.drop_line("main.m3u8", '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio-flac')


def all_later(site: Site) -> None:
    for n in range(3):
        shift(site, f"aac-64/{n}.m4s", 44_100)


def no_stereo_aac(site: Site) -> None:
    only_these_codecs(site, fLaC="apac", mp4a="ec-3")


def quieter(site: Site) -> None:
    site.patch("aac-64/init.mp4", "moov/trak/udta/ludt/tlou", 12, b"\x50")


def half_encrypted(site: Site) -> None:
    text = site.files["flac.m3u8"].body.decode()
    where = text.index("#EXTINF", text.index("#EXTINF") + 1)
    line = '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://k"'
    body = f"{text[:where]}{line}\n{text[where:]}".encode()
    site.files["flac.m3u8"] = replace(site.files["flac.m3u8"], body=body)


def two_defaults(site: Site) -> None:
    text = site.files["main.m3u8"].body.decode()
    tag = next(line for line in text.splitlines() if "aac-64" in line)
    other = tag.replace('NAME="Music"', 'NAME="Other"')
    add_line(site, "main.m3u8", tag, other)


def last_gone(site: Site) -> None:
    site.drop_line("aac-64.m3u8", "aac-64/2.m4s")
    site.drop_line("aac-64.m3u8", "#EXTINF:1.")


def two_maps(site: Site) -> None:
    text = site.files["flac.m3u8"].body.decode()
    where = text.index("#EXTINF", text.index("#EXTINF") + 1)
    line = '#EXT-X-MAP:URI="flac/init.mp4"'
    body = f"{text[:where]}{line}\n{text[where:]}".encode()
    site.files["flac.m3u8"] = replace(site.files["flac.m3u8"], body=body)


def codec_switch(site: Site) -> None:
    with_discontinuity(site)
    two_entries(site, "flac/init.mp4")


def only_lossless(site: Site) -> None:
    site.drop_variant("aac-64")
    site.drop_variant("aac-128")


def no_segments(site: Site) -> None:
    site.drop_line("flac.m3u8", "flac/")
    site.drop_line("flac.m3u8", "#EXTINF")


def repeat_line(contains: str) -> Callable[[Site], None]:
    def change(site: Site) -> None:
        text = site.files["main.m3u8"].body.decode()
        line = next(x for x in text.splitlines() if contains in x)
        follow = text.splitlines()[text.splitlines().index(line) + 1]
        again = line if follow.startswith("#") else f"{line}\n{follow}"
        add_line(site, "main.m3u8", line, again)

    return change


def main(old: str, new: str) -> Callable[[Site], None]:
    return lambda s: s.edit("main.m3u8", old, new, 1)


BREAKS: dict[str, Callable[[Site], None]] = {
    "1.41": lambda s: s.edit("aac-64/init.mp4", b"mp4a", b"enca"),
    "2.5": main('CHANNELS="2"', 'CHANNELS="16/JOC"'),
    "2.6": lambda s: only_these_codecs(s, fLaC="ec-3", mp4a="ec-3"),
    "2.9": restore_256,
    "2.17": lambda s: s.grow("flac/init.mp4", "moov", _its_track),
    "2.18": quieter,
    "2.19": lambda s: s.edit("flac/init.mp4", b"ludt", b"free"),
    "2.24": main('CODECS="mp4a.40.2"', 'CODECS="mp4a.40.5"'),
    "2.25": lambda s: s.drop_line("flac.m3u8", "#EXT-X-MAP"),
    "2.29": main('CHANNELS="2"', 'CHANNELS="16/3OA"'),
    "2.31": no_stereo_aac,
    "7.3": lambda s: shift(s, "flac/1.m4s", 4096),
    "7.5": lambda s: s.edit("flac.m3u8", "DURATION:6", "DURATION:10"),
    "7.6": lambda s: s.edit("flac.m3u8", "EXTINF:6.037188", "EXTINF:3.000000", 1),
    "7.7": lambda s: s.edit("flac.m3u8", "DURATION:6", "DURATION:5"),
    "8.1": lambda s: s.edit("flac.m3u8", "EXTINF:6.037188", "EXTINF:6.000000", 1),
    "8.2": lambda s: s.edit("flac.m3u8", "DURATION:6", "DURATION:7"),
    "8.3": last_gone,
    "8.6": lambda s: s.drop_line("flac.m3u8", "#EXT-X-PLAYLIST-TYPE"),
    "8.7": all_later,
    "8.10": main('LANGUAGE="und",', ""),
    "8.13": two_maps,
    "8.15": lambda s: add_line(s, "flac.m3u8", "#EXTINF", "#EXT-X-DISCONTINUITY"),
    "8.16": codec_switch,
    "8.18": redirected,
    "8.20": lambda s: s.drop_line("aac-64.m3u8", "#EXT-X-MAP"),
    "8.22": last_gone,
    "9.1": main('CODECS="fLaC",', ""),
    "9.1 match": main('CODECS="fLaC"', 'CODECS="alac"'),
    "9.6": multichannel_in_the_open,
    "9.13": main("INF:BANDWIDTH=", "INF:BANDWIDTH=1"),
    "9.14": main("AVERAGE-BANDWIDTH=", "X-AVERAGE="),
    "9.14 match": main("AVERAGE-BANDWIDTH=", "AVERAGE-BANDWIDTH=1"),
    "9.14 order": main("AVERAGE-BANDWIDTH=", "AVERAGE-BANDWIDTH=1"),
    "9.19": main("INF:BANDWIDTH=", "INF:SCORE=1,BANDWIDTH="),
    "9.20": main("INF:BANDWIDTH=", "INF:RESOLUTION=640x360,BANDWIDTH="),
    "9.21": only_lossless,
    "10.1": lambda s: s.header("flac.m3u8", "content-encoding", None),
    "10.4 playlists": lambda s: s.header("flac.m3u8", "content-type", "text/plain"),
    "10.4": lambda s: s.header("flac/0.m4s", "content-type", "text/plain"),
    "11": moved_to("http://music.example/hls/65544560.f123.token4567token4567token4567"),
    "12.4": moved_to("http://127.0.0.1/music"),
    "13.2": keyed('METHOD=AES-128,URI="k"'),
    "13.3": keyed('METHOD=SAMPLE-AES,URI="k",KEYFORMAT="identity"'),
    "13.4": keyed(f'METHOD=SAMPLE-AES,URI="skd://k",{FAIRPLAY},IV=0x12'),
    "13.10": half_encrypted,
    "13.11": keyed('METHOD=SAMPLE-AES-CTR,URI="k"'),
    "RFC 8216 3.3 init": lambda s: s.edit("flac/init.mp4", b"mvex", b"free"),
    "RFC 8216 3.3 segment": lambda s: s.edit("flac/1.m4s", b"tfdt", b"free"),
    "RFC 8216 4.1": lambda s: s.edit("flac.m3u8", "#EXTM3U", "\ufeff#EXTM3U"),
    "RFC 8216 4.3.1.1": lambda s: s.drop_line("flac.m3u8", "#EXTM3U"),
    "RFC 8216 4.3.1.2": lambda s: s.edit("flac.m3u8", "VERSION:7", "VERSION:5"),
    "RFC 8216 4.3.2.1": lambda s: s.drop_line("flac.m3u8", "#EXTINF:1."),
    "RFC 8216 4.3.3.1": lambda s: s.edit("flac.m3u8", "DURATION:6", "DURATION:5"),
    "RFC 8216 4.3.3.4": lambda s: s.drop_line("flac.m3u8", "#EXT-X-ENDLIST"),
    "RFC 8216 4.3.4": lambda s: (
        [s.drop_line("flac.m3u8", x) for x in ("flac/", "#EXTINF")] and None
    ),
    "RFC 8216 4.3.4.1": main('NAME="Music",', ""),
    "RFC 8216 4.3.4.1 DEFAULT": two_defaults,
    "RFC 8216 4.3.4.1 NAME": repeat_line("#EXT-X-MEDIA"),
    "RFC 8216 4.3.4.1.1": main('LANGUAGE="und"', 'LANGUAGE="cy"'),
    "RFC 8216 4.3.4.2": main("INF:BANDWIDTH=", "INF:X="),
    "RFC 8216 4.3.4.2.1": main('AUDIO="audio-flac', 'AUDIO="nowhere'),
    "RFC 8216 4.3.4.2.2": repeat_line("#EXT-X-STREAM-INF"),
    "RFC 8216 4.3.5.1": lambda s: s.patch("flac/1.m4s", "moof/traf/tfhd", 12, b"\1\1\0\0"),
    "RFC 8216 6.2.1": lambda s: s.files.pop("flac/1.m4s") and None,
    "RFC 8216bis BIT-DEPTH": main("BIT-DEPTH=16", "BIT-DEPTH=24"),
    "RFC 8216bis CHANNELS": main('CHANNELS="2",', ""),
    "RFC 8216bis CHANNELS match": main('CHANNELS="2"', 'CHANNELS="6"'),
    "RFC 8216bis SAMPLE-RATE": main("SAMPLE-RATE=44100", "SAMPLE-RATE=48000"),
}


def _its_track(moov: bytes) -> bytes:
    track = find_box(read_boxes(moov), "trak")
    assert track is not None
    return moov[track.start : track.start + track.size]


def test_every_rule_is_named_once_and_has_a_case() -> None:
    numbers = [rule.number for rule in RULES]
    assert len(numbers) == len(set(numbers))
    assert set(numbers) == set(BREAKS)
    assert len(numbers) >= 40


def test_every_rule_says_what_it_wants_and_what_to_do() -> None:
    assert all(rule.title and rule.advice.endswith(".") for rule in RULES)


async def test_a_good_presentation_breaks_nothing(site):
    report = await site.report()
    assert not [f for f in report.findings if f.outcome is Outcome.FAIL], report.as_text()


@pytest.mark.parametrize("number", list(BREAKS))
async def test_each_rule_fails_where_it_is_broken(site, number):
    BREAKS[number](site)
    finding = (await site.report()).finding(number)
    assert finding.outcome is Outcome.FAIL
    assert finding.faults
    assert finding.advice


async def test_a_report_tells_the_broken_musts_first_and_says_what_to_do(site):
    site.edit("flac.m3u8", "DURATION:6", "DURATION:5")
    site.edit("flac/init.mp4", b"ludt", b"free")
    text = (await site.report()).as_text()
    assert text.index("MUST 7.7") < text.index("SHOULD 2.19")
    assert "-> Raise the target duration" in text
    assert f"{len(RULES)} rules:" in text


async def test_a_report_in_json_has_every_rule(site):
    site.edit("flac.m3u8", "DURATION:6", "DURATION:5")
    told = msgspec.json.decode((await site.report()).as_json())
    assert told["ok"] is False
    assert len(told["findings"]) == len(RULES)
    broken = next(f for f in told["findings"] if f["number"] == "7.7")
    assert (broken["outcome"], broken["level"]) == ("fail", "MUST")


async def test_a_media_playlist_alone_is_judged_by_what_concerns_it(site):
    report = await inspect(f"{SIGNED}/flac.m3u8", fetcher=site)
    assert report.ok, report.as_text()
    assert report.finding("8.1").outcome is Outcome.PASS
    assert report.finding("9.1").outcome is Outcome.NOT_APPLICABLE


async def test_a_playlist_in_a_file_is_judged_with_the_media_beside_it(site, tmp_path):
    for name, fetched in site.files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(fetched.body)
    report = await inspect(str(tmp_path / "main.m3u8"))
    assert report.ok, report.as_text()
    assert report.finding("8.1").outcome is Outcome.PASS
    assert report.finding("10.1").outcome is Outcome.NOT_APPLICABLE


async def test_byte_ranges_are_measured_as_segments(site):
    whole = b"".join(site.files[f"flac/{n}.m4s"].body for n in range(3))
    site.files["all.m4s"] = replace(site.files["flac/0.m4s"], body=whole)
    for n in range(3):
        size = len(site.files[f"flac/{n}.m4s"].body)
        site.edit(
            "flac.m3u8", f"flac/{n}.m4s", f"#EXT-X-BYTERANGE:{size}{'@0' * (n == 0)}\nall.m4s"
        )
    report = await site.report()
    assert report.ok, report.as_text()
    assert report.finding("8.1").outcome is Outcome.PASS


async def test_a_playlist_from_the_web_cannot_make_us_read_files(site, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    site.edit("flac.m3u8", "flac/0.m4s", secret.as_uri(), 1)
    report = await site.report()
    assert report.finding("RFC 8216 6.2.1").outcome is Outcome.FAIL
    assert secret.as_uri() not in site.asked


@pytest.mark.parametrize("junk", [b"", b"\0" * 64, b"\xff\xff\xff\xff" * 16, b"\0\0\0\x08moof" * 4])
async def test_media_that_is_no_media_is_a_fault_and_not_a_crash(site, junk):
    for name in ("flac/init.mp4", "aac-64/1.m4s"):
        site.files[name] = replace(site.files[name], body=junk)
    report = await site.report()
    assert report.finding("RFC 8216 6.2.1").outcome is Outcome.FAIL


@pytest.mark.parametrize("step", [1, 7, 40])
async def test_an_init_section_cut_anywhere_is_a_fault_and_not_a_crash(site, step):
    whole = site.files["flac/init.mp4"].body
    for end in range(step, len(whole), 97 * step):
        site.files["flac/init.mp4"] = replace(site.files["flac/init.mp4"], body=whole[:end])
        report = await inspect(f"{SIGNED}/flac.m3u8", fetcher=site)
        assert not report.ok


async def test_what_is_no_playlist_is_refused(site):
    site.files["main.m3u8"] = replace(site.files["main.m3u8"], body=b"<html>")
    with pytest.raises(Invalid):
        await site.report()
    site.files.pop("main.m3u8")
    with pytest.raises(Invalid):
        await site.report()
    with pytest.raises(NotFound):
        await inspect("/nowhere/main.m3u8")


def test_levels_are_those_of_rfc_2119() -> None:
    assert {rule.level for rule in RULES} == set(Level)
