"""Label deliveries: whole or not at all, the same end whatever happens between."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from antiphon.audio import AudioJobs, PackageEraser, Repackager
from antiphon.catalog import Catalog, CatalogWriter, Song, open_search
from antiphon.eventlog import Outbox, open_eventlog
from antiphon.ingest import LabelImport
from antiphon.kernel import HouseholdId, SystemClock
from antiphon.rights import AuditLog, KeyVault, Reason, Rights, Terms, open_key_encryption
from antiphon.storage import (
    open_cache,
    open_objects,
    open_tables,
    open_workspace,
    workspace_path,
)
from antiphon.testing.label_messages import (
    VERSIONS,
    LabelDeal,
    LabelRelease,
    LabelTrack,
    purge_message,
    release_message,
)

HOUSE = HouseholdId("h")
LATER = {"created": "2026-02-01T10:00:00Z", "message_id": "M2"}


@dataclass
class Shop:
    inbox: Path
    masters: Path
    tables: Any
    catalog: Catalog
    rights: Rights
    vault: KeyVault
    labels: LabelImport

    async def take(self, message: bytes, **more: Any):
        self.inbox.mkdir(exist_ok=True)
        (self.inbox / "m.xml").write_bytes(message)
        return await self.labels.take(self.inbox, **more)

    async def songs_of(self, message: bytes):
        assert (await self.take(message)).faults == ()
        return await self.songs()

    async def songs(self):
        return list((await self.catalog.list_songs(limit=100)).items)

    def master_of(self, song: Song) -> Path:
        path = workspace_path(song.master.path)
        assert path is not None
        return self.masters.parent / path

    def kept(self) -> int:
        return sum(1 for f in self.masters.rglob("*") if f.is_file())


@pytest.fixture
async def shop(tmp_path):
    tables = open_tables(f"lmdb:{tmp_path / 'tables'}")
    events = open_eventlog(f"lmdb:{tmp_path / 'events'}")
    objects = open_objects(f"file:{tmp_path / 'objects'}")
    search = open_search(f"tantivy:{tmp_path / 'search'}")
    clock = SystemClock()
    catalog, rights = Catalog(tables, objects, search), Rights(tables, clock)
    vault = KeyVault(tables, clock, open_key_encryption("", folder=tmp_path))
    signals = open_cache(f"memory:{tmp_path / 'run'}")
    jobs = AudioJobs(tables, signals, clock)
    labels = LabelImport(
        writer=CatalogWriter(tables, Outbox(tables, events, clock)),
        catalog=catalog,
        rights=rights,
        vault=vault,
        packages=Repackager(PackageEraser(tables, objects), vault, catalog, jobs),
        audit=AuditLog(tables, clock, b"k" * 32),
        tables=tables,
        objects=objects,
        clock=clock,
        workspace=open_workspace(f"file:{tmp_path}"),
        isolated=False,
    )
    yield Shop(tmp_path / "in", tmp_path / "masters", tables, catalog, rights, vault, labels)
    for engine in (signals, search, events, objects, tables):
        await engine.close()


@pytest.fixture
def album(shop, making):
    """A release of two songs and a cover, its media in the inbox."""
    tracks = []
    for n in (1, 2):
        raw = making.sound("flac", pitch=300.0 + n)
        making.put(shop.inbox / "resources" / f"{n}.flac", raw)
        digest = hashlib.md5(raw).hexdigest()
        tracks.append(LabelTrack(f"QZTST260000{n}", f"Song {n}", f"resources/{n}.flac", digest))
    making.put(shop.inbox / "resources" / "cover.jpg", making.picture())
    return LabelRelease(tracks, image="resources/cover.jpg", deals=(LabelDeal(("FR",)),))


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_delivery_becomes_songs_with_deals_keys_and_copies(shop, album, version):
    record = await shop.take(release_message(version, album))
    assert (record.outcome, record.faults) == ("accepted", ())
    assert record.senders == (album.sender,)
    songs = await shop.songs()
    assert [(s.title, s.number, s.explicit) for s in songs] == [
        ("Song 1", 1, False),
        ("Song 2", 2, False),
    ]
    assert songs[0].artwork is not None
    for song in songs:
        assert await shop.vault.is_protected(song.recording_id)
        assert workspace_path(song.master.path).startswith("masters/")
        facts = await shop.rights.facts_of(song.id)
        assert facts.p_line.text == "(P) 2026 Harbour Light"
    shutil.rmtree(shop.inbox)
    assert all(shop.master_of(song).is_file() for song in songs)
    await shop.rights.change_terms(HOUSE, Terms(storefront="de"))
    assert (await shop.rights.decide(HOUSE, songs[0].id)).reason is Reason.TERRITORY
    await shop.rights.change_terms(HOUSE, Terms(storefront="fr"))
    assert (await shop.rights.decide(HOUSE, songs[0].id)).allowed


async def test_a_deal_for_another_service_plays_nothing_and_its_sender_is_told(shop, album):
    theirs = "<DistributionChannel><PartyId>PADPIDA2008120501W</PartyId></DistributionChannel>"
    deals = (LabelDeal(("FR",), terms=theirs),)
    record = await shop.take(release_message("4.3", replace(album, deals=deals)))
    assert record.outcome == "accepted"
    told = (shop.inbox / "m.ack.xml").read_text("utf-8")
    for text in (record.notes[0], told):
        assert "it is for PADPIDA2008120501W" in text
        assert "[other_service]" in text
    song, *_ = await shop.songs()
    await shop.rights.change_terms(HOUSE, Terms(storefront="fr"))
    assert (await shop.rights.decide(HOUSE, song.id)).reason is Reason.SERVICE
    as_them = Rights(shop.tables, SystemClock(), party="PA-DPIDA-2008120501-W")
    assert (await as_them.decide(HOUSE, song.id)).allowed


IN_TERMS = "<{0}>{1}</{0}>"
IN_VISIBILITY = (
    "<ReleaseVisibility><VisibilityReference>V0</VisibilityReference><TerritoryCode>Worldwide"
    "</TerritoryCode><{0}>{1}</{0}></ReleaseVisibility>"
)


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("3.8.2", "ReleaseDisplayStartDate"),
        ("3.8.2", "TrackListingPreviewStartDate"),
        ("4.1.1", "CoverArtPreviewStartDateTime"),
        ("4.3", "ReleaseDisplayStartDateTime"),
        ("4.3.2", "FullTrackListingPreviewStartDateTime"),
    ],
)
async def test_what_may_not_be_shown_yet_is_refused_until_it_may(shop, album, version, name):
    def told(moment: str) -> bytes:
        if version < "4.2":
            deals = (LabelDeal(("FR",), terms=IN_TERMS.format(name, moment)),)
            return release_message(version, replace(album, deals=deals))
        raw = release_message(version, album).decode()
        return raw.replace(
            "</DealList>", f"{IN_VISIBILITY.format(name, moment)}</DealList>"
        ).encode()

    record = await shop.take(told("2099-05-01"))
    assert (record.outcome, await shop.songs()) == ("refused", [])
    (fault,) = record.found
    assert (fault.rule.value, fault.path.rsplit("/", 1)[-1]) == ("limit_not_kept", name)
    assert "import the delivery again from then on" in fault.detail
    assert (await shop.take(told("2020-05-01"))).outcome == "accepted"
    assert len(await shop.songs()) == 2


async def test_titles_in_several_languages_are_told_by_language(shop, album):
    raw = release_message("4.1.1", album).decode()
    own = (
        '<DisplayTitle LanguageAndScriptCode="ja-Jpan">\n<TitleText>{}</TitleText>\n</DisplayTitle>'
    )
    marked = "<DisplayTitle ApplicableTerritoryCode"
    raw = raw.replace(marked, own.format("干潮") + marked, 1)
    song, other = await shop.songs_of(raw.encode())
    assert (song.title, other.title) == ("Song 1", "Song 2")
    named = await shop.rights.named(HOUSE, [song.id, other.id], "ja")
    assert {i: n.title for i, n in named.items()} == {song.id: "干潮"}
    assert [t.value for t in (await shop.rights.facts_of(song.id)).titles] == ["Song 1", "干潮"]


@pytest.mark.parametrize(("technical", "reason"), [("T1", Reason.GRANTED), ("T9", Reason.TERMS)])
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_deal_for_other_files_of_a_recording_is_not_for_this_one(
    shop, album, version, technical, reason
):
    name = "DealTechnicalResourceDetailsReference"
    beside = f"<{name}List><{name}>{technical}</{name}></{name}List>"
    deals = (LabelDeal(("FR",), beside=beside, release="R1"),)
    assert (await shop.take(release_message(version, replace(album, deals=deals)))).faults == ()
    song = next(s for s in await shop.songs() if s.number == 1)
    await shop.rights.change_terms(HOUSE, Terms(storefront="fr"))
    assert (await shop.rights.decide(HOUSE, song.id)).reason is reason


async def test_the_same_delivery_again_changes_nothing(shop, album):
    message = release_message("4.3", album)
    await shop.take(message)
    before, epoch = await shop.songs(), await shop.rights.store.epoch()
    assert (await shop.take(message)).outcome == "unchanged"
    assert (await shop.songs(), await shop.rights.store.epoch()) == (before, epoch)


async def test_an_update_without_media_keeps_the_sound_and_the_songs(shop, album):
    await shop.take(release_message("4.3", album))
    before = await shop.songs()
    tracks = [replace(t, file="", md5="", title=t.title + " (2026)") for t in album.tracks]
    shutil.rmtree(shop.inbox)
    newer = replace(album, tracks=tracks[::-1], image="", **LATER)
    assert (await shop.take(release_message("4.3", newer))).outcome == "accepted"
    after = await shop.songs()
    assert {s.id: s.master for s in after} == {s.id: s.master for s in before}
    assert {s.isrc: (s.title, s.number) for s in after} == {
        "QZTST2600001": ("Song 1 (2026)", 2),
        "QZTST2600002": ("Song 2 (2026)", 1),
    }
    assert all(s.artwork == before[0].artwork for s in after)


async def test_a_song_with_other_media_stays_the_same_song(shop, album, making):
    await shop.take(release_message("4.3", album))
    before = {s.isrc: s for s in await shop.songs()}
    raw = making.sound("flac", pitch=555.0)
    making.put(shop.inbox / "resources" / "1.flac", raw)
    first = replace(album.tracks[0], md5=hashlib.md5(raw).hexdigest())
    newer = replace(album, tracks=[first, album.tracks[1]], **LATER)
    assert (await shop.take(release_message("4.3", newer))).outcome == "accepted"
    after = {s.isrc: s for s in await shop.songs()}
    assert after[first.isrc].id == before[first.isrc].id
    assert after[first.isrc].recording_id != before[first.isrc].recording_id
    assert shop.kept() == 2


async def test_an_older_message_is_refused_and_changes_nothing(shop, album):
    await shop.take(release_message("4.3", replace(album, **LATER)))
    before = await shop.songs()
    record = await shop.take(release_message("4.3", replace(album, title="Older")))
    assert record.outcome == "refused"
    assert "outdated" in record.faults[0]
    assert await shop.songs() == before


async def test_a_refused_delivery_stands_in_the_log_of_changes(shop, album):
    await shop.take(release_message("4.3", replace(album, **LATER)))
    record = await shop.take(release_message("4.3", album))
    audit = AuditLog(shop.tables, SystemClock(), b"k" * 32)
    assert (await audit.verify()).first_altered is None
    refused, delivered = await audit.latest()
    assert delivered.action == "release_delivered"
    assert (refused.actor, refused.action, refused.subject) == (
        "import",
        "delivery_refused",
        record.id,
    )
    assert refused.details == {
        "senders": album.sender,
        "messages": album.message_id,
        "faults": "1",
        "rules": "outdated",
    }


async def test_a_song_that_an_update_leaves_out_goes_and_cannot_be_played(shop, album):
    await shop.take(release_message("4.3", album))
    gone = (await shop.songs())[1]
    (shop.inbox / "resources" / "2.flac").unlink()
    newer = replace(album, tracks=album.tracks[:1], **LATER)
    assert (await shop.take(release_message("4.3", newer))).outcome == "accepted"
    assert [s.title for s in await shop.songs()] == ["Song 1"]
    assert (await shop.rights.decide(HOUSE, gone.id)).reason is Reason.TAKEN_DOWN
    assert shop.kept() == 1


async def test_a_purge_leaves_no_song_no_file_and_no_way_back_for_older_messages(shop, album):
    await shop.take(release_message("4.3", album))
    shutil.rmtree(shop.inbox)
    assert (await shop.take(purge_message("4.3", replace(album, **LATER)))).outcome == "purged"
    assert await shop.songs() == []
    assert shop.kept() == 0
    again = await shop.take(release_message("4.3", album), metadata_only=True)
    assert again.outcome == "refused"


async def test_metadata_first_and_media_later_make_the_songs_once(shop, album):
    message = release_message("4.1.1", album)
    media = shop.inbox.with_name("media")
    (shop.inbox / "resources").rename(media)
    first = await shop.take(message, metadata_only=True)
    assert (first.outcome, await shop.songs()) == ("accepted", [])
    assert "Song 1 awaits its media." in first.notes
    media.rename(shop.inbox / "resources")
    assert (await shop.take(message)).outcome == "accepted"
    assert len(await shop.songs()) == 2
    assert (await shop.take(message)).outcome == "unchanged"


def _outside(inbox):
    target = inbox.parent / "outside.flac"
    (inbox / "resources" / "1.flac").rename(target)
    (inbox / "resources" / "1.flac").symlink_to(target)


def _folder_link(inbox):
    (inbox / "resources").rename(inbox.parent / "elsewhere")
    (inbox / "resources").symlink_to(inbox.parent / "elsewhere")


BENT = {
    "a missing file": (lambda i: (i / "resources" / "1.flac").unlink(), "file_missing"),
    "an altered file": (lambda i: (i / "resources" / "1.flac").write_bytes(b"x"), "file_altered"),
    "a file too many": (lambda i: (i / "more.wav").write_bytes(b"x"), "file_extra"),
    "a link": (_outside, "file_unsafe"),
    "a linked folder": (_folder_link, "file_unsafe"),
}


@pytest.mark.parametrize("bent", BENT)
async def test_a_delivery_with_bent_files_changes_nothing(shop, album, bent):
    bend, rule = BENT[bent]
    bend(shop.inbox)
    record = await shop.take(release_message("4.3", album))
    assert record.outcome == "refused"
    assert any(rule in fault for fault in record.faults), record.faults
    assert (await shop.songs(), shop.kept()) == ([], 0)
    assert await shop.rights.store.epoch() == 0


@pytest.mark.parametrize(
    "name",
    ["../out.flac", "/etc/passwd", "a/../../out.flac", "%2e%2e/out.flac", "file:///etc/passwd",
     "..\\out.flac", "x" * 300, "a/" * 40 + "b"],
)  # fmt: skip
async def test_a_name_that_leads_out_of_the_delivery_is_refused(shop, album, name):
    (shop.inbox.parent / "out.flac").write_bytes(b"secret")
    bad = replace(album.tracks[0], file=name, md5="")
    record = await shop.take(release_message("4.3", replace(album, tracks=[bad, album.tracks[1]])))
    assert record.outcome == "refused"
    assert any("file_unsafe" in fault for fault in record.faults), record.faults


@pytest.mark.parametrize("algorithm", ["SHA-1", "SHA-256", "sha256"])
async def test_files_are_compared_by_the_hash_that_the_message_states(shop, album, algorithm):
    path = shop.inbox / "resources" / "1.flac"
    made = hashlib.new(algorithm.lower().replace("-", ""), path.read_bytes()).hexdigest()
    message = release_message("4.3", album).replace(
        f"<Algorithm>MD5</Algorithm>\n<HashSumValue>{album.tracks[0].md5}".encode(),
        f"<Algorithm>{algorithm}</Algorithm>\n<HashSumValue>{made}".encode(),
    )
    assert made.encode() in message
    bad = message.replace(made.encode(), made[::-1].encode())
    assert (await shop.take(bad)).outcome == "refused"
    assert (await shop.take(message)).outcome == "accepted"


async def test_a_batch_is_taken_whole_or_not_at_all(shop, album, making):
    message = release_message("4.3", album)
    one, two = shop.inbox / "one", shop.inbox / "two"
    (shop.inbox / "resources").rename(shop.inbox.parent / "media")
    for folder, icpn in ((one, "4006381333931"), (two, "4006381333948")):
        shutil.copytree(shop.inbox.parent / "media", folder / "resources")
        other = message.replace(b"4006381333931", icpn.encode())
        (folder / "m.xml").write_bytes(other)
    digest = hashlib.md5((two / "m.xml").read_bytes()).hexdigest()
    entries = "".join(
        f"<MessageInBatch><URL>{u}</URL>{h}</MessageInBatch>"
        for u, h in (
            ("one/m.xml", ""),
            (
                "two/m.xml",
                f"<HashSum><Algorithm>MD5</Algorithm><HashSumValue>{digest}</HashSumValue></HashSum>",
            ),
        )
    )
    manifest = (
        '<ManifestMessage xmlns="http://ddex.net/xml/x">'
        f"<NumberOfMessages>2</NumberOfMessages>{entries}</ManifestMessage>"
    )
    (shop.inbox / "manifest.xml").write_text(manifest)
    (two / "m.xml").write_bytes(other + b"\n")
    refused = await shop.labels.take(shop.inbox)
    assert (refused.outcome, await shop.songs()) == ("refused", [])
    (two / "m.xml").write_bytes(other)
    record = await shop.labels.take(shop.inbox)
    assert (record.outcome, record.faults, len(record.releases)) == ("accepted", (), 2)
    assert len(await shop.songs()) == 4


async def test_two_releases_of_one_recording_part_without_harm(shop, album):
    await shop.take(release_message("4.3", album))
    other = replace(album, icpn="4006381333948", title="The Rest")
    await shop.take(release_message("4.3", other))
    assert len(await shop.songs()) == 4
    shutil.rmtree(shop.inbox)
    await shop.take(purge_message("4.3", replace(other, **LATER)))
    left = await shop.songs()
    assert len(left) == 2
    assert all(shop.master_of(song).is_file() for song in left)
    assert all([await shop.vault.is_protected(s.recording_id) for s in left])


async def test_a_takedown_is_seen_by_another_process_within_a_second(shop, album):
    await shop.take(release_message("4.3", album))
    song = (await shop.songs())[0]
    other = Rights(shop.tables, SystemClock())
    await other.change_terms(HOUSE, Terms(storefront="fr"))
    assert (await other.decide(HOUSE, song.id)).allowed
    down = replace(album, deals=(*album.deals, LabelDeal(("FR",), take_down=True)), **LATER)
    assert (await shop.take(release_message("4.3", down))).outcome == "accepted"
    began = SystemClock().monotonic()
    while (await other.decide(HOUSE, song.id)).allowed:
        assert SystemClock().monotonic() - began < 1.0
    assert (await other.decide(HOUSE, song.id)).reason is Reason.TAKEN_DOWN


@pytest.mark.slow
def test_a_delivery_killed_at_any_moment_ends_as_if_it_had_not_been(tmp_path, making):
    script = Path(__file__).with_name("killing_labels.py")
    inbox = tmp_path / "in"
    tracks = []
    for n in range(6):
        raw = making.sound("flac", pitch=300.0 + n)
        making.put(inbox / "resources" / f"{n}.flac", raw)
        digest = hashlib.md5(raw).hexdigest()
        tracks.append(LabelTrack(f"QZTST260000{n}", f"Song {n}", f"resources/{n}.flac", digest))
    first = LabelRelease(tracks)
    (inbox / "m.xml").write_bytes(release_message("4.3", first))
    newer = replace(first, tracks=tracks[2:], title="Less", **LATER)
    second = tmp_path / "in2"
    shutil.copytree(inbox, second)
    for n in (0, 1):
        (second / "resources" / f"{n}.flac").unlink()
    (second / "m.xml").write_bytes(release_message("4.3", newer))
    done = subprocess.run(
        [sys.executable, script, tmp_path, "5", "40"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env=dict(os.environ),
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])  # logs come before
    assert found["killed"] >= 40
    assert found["within"] >= 10, "too few kills hit while something was being written"
    assert found["differing"] == []
