"""Renderings in space: who is offered which, in grants and in playlists."""

from dataclasses import replace
from typing import Any

import pytest

from antiphon.audio import (
    CORE_SPATIAL_RUNGS,
    SPATIAL_RUNGS,
    JobKind,
    PackageWriter,
    Progress,
    Rendition,
    Rung,
    Segment,
    SpatialKind,
)
from antiphon.audio.ladder import immersive_variant, object_prefix
from antiphon.catalog import AlbumFacts, CatalogWriter, SongEntry, recording_id
from antiphon.eventlog import Outbox
from antiphon.kernel import BitsPerSecond, SampleCount, SampleRateHz
from antiphon.streaming import Preference, SpatialPreference, Wish
from antiphon.streaming.spatial import CHANNELS, More, fitting_rungs, lacking, offered

BROWSER = frozenset({"mp4a.40.2", "flac", "opus"})
AUTOMATIC = Wish(codecs=BROWSER, spatial=SpatialPreference.AUTOMATIC)
FOR_EARS = (Rung.AMBISONICS_OPUS, Rung.BINAURAL_AAC)
HASH = "0123456789abcdef" + "0" * 24


def rendition(rung: Rung, content_hash: str = "hashfirst", immersive: str = HASH) -> Rendition:
    kind = rung.spatial_kind
    assert kind is not None
    return Rendition(
        rung=rung,
        codec={"aac": "mp4a.40.2", "flac": "fLaC", "libopus": "Opus"}[rung.coding],
        prefix=object_prefix(content_hash, rung, variant=immersive_variant(immersive), making="m"),
        sample_rate=SampleRateHz(48000),
        channels=CHANNELS[kind],
        bit_depth=24 if rung.is_lossless else 16,
        priming=SampleCount(312),
        cue_shift=0,
        samples=SampleCount(96000),
        init_size=900,
        segments=(Segment(SampleCount(96000), 128_000),),
        average_bandwidth=BitsPerSecond(512_000),
        peak_bandwidth=BitsPerSecond(520_000),
        gain_db=0.12,
    )


ALL = [rendition(rung) for rung in SPATIAL_RUNGS]


def test_a_browser_is_offered_what_is_for_headphones():
    assert offered(ALL, AUTOMATIC) == FOR_EARS


def test_nobody_is_offered_what_he_did_not_ask_for():
    assert offered(ALL, replace(AUTOMATIC, spatial=SpatialPreference.OFF)) == ()


@pytest.mark.parametrize(
    ("channels", "kinds"),
    [(2, set()), (6, {"5.1"}), (8, {"5.1", "7.1"}), (12, {"5.1", "7.1", "7.1.4"})],
)
def test_loudspeakers_are_as_many_as_the_player_says(channels: int, kinds: set[str]):
    got = offered(ALL, replace(AUTOMATIC, max_channels=channels))
    assert {rung.spatial_kind for rung in got} - {"ambisonics", "binaural"} == kinds


def test_who_does_not_say_what_he_decodes_gets_it_only_when_he_always_wants_it():
    silent = Wish(spatial=SpatialPreference.AUTOMATIC)
    assert offered(ALL, silent) == ()
    assert set(FOR_EARS) <= set(offered(ALL, replace(silent, spatial=SpatialPreference.ALWAYS)))


def test_a_player_without_opus_gets_the_ears_pair():
    assert offered(ALL, replace(AUTOMATIC, codecs=frozenset({"mp4a.40.2"}))) == (Rung.BINAURAL_AAC,)


@pytest.mark.parametrize("modest", [{"save_data": True}, {"preference": Preference.LOW}])
def test_saving_data_goes_before_automatic_and_not_before_always(modest: dict[str, Any]):
    assert offered(ALL, replace(AUTOMATIC, **modest)) == ()
    always = replace(AUTOMATIC, spatial=SpatialPreference.ALWAYS, **modest)
    assert set(FOR_EARS) <= set(offered(ALL, always))


def test_lossless_renderings_are_for_who_prefers_lossless():
    assert not any(rung.is_lossless for rung in fitting_rungs(AUTOMATIC))
    lossless = replace(AUTOMATIC, preference=Preference.LOSSLESS)
    assert Rung.BINAURAL_FLAC in fitting_rungs(lossless)


def test_only_what_somebody_can_use_is_made_for_him():
    core = [rendition(rung) for rung in CORE_SPATIAL_RUNGS]
    assert lacking([], AUTOMATIC) is More.CORE
    assert lacking(core, AUTOMATIC) is More.NOTHING
    assert lacking(core, replace(AUTOMATIC, max_channels=12)) is More.ALL
    assert lacking([], replace(AUTOMATIC, spatial=SpatialPreference.OFF)) is More.NOTHING


class TestOverHttp:
    """A song with a stereo file and an immersive master beside it."""

    async def furnish(self, house: Any, *renditions: Rendition, name: str = "first") -> None:
        outbox = Outbox(house.tables, house.events, house.clock)
        song = house.songs[name]
        master = replace(song.master, path="/music/first.adm.wav", content_hash=HASH, scene="adm")
        beside = replace(song, recording_id=recording_id(HASH), master=master)
        facts = AlbumFacts(artists=song.artists)
        await CatalogWriter(house.tables, outbox).apply([SongEntry(beside, facts)])
        if renditions:
            package = await house.package(name)
            done = Progress(song.recording_id, package.content_hash, renditions, None)
            await PackageWriter(outbox).put(done)
        house.service.forget(song.id)

    async def grant(self, house: Any, name: str = "first", **more: Any) -> Any:
        can = {"codecs": sorted(BROWSER)}
        return await house.grant(name, capabilities=can, **more)

    async def playlist(self, house: Any, grant: Any) -> str:
        return (await house.call("GET", grant["playlistUrl"])).body.decode()

    async def test_a_grant_lists_them_as_it_does_variants(self, house: Any):
        await self.furnish(house, *ALL)
        grant = await self.grant(house, spatial="automatic")
        spatial = grant["spatial"]
        assert [r["kind"] for r in spatial["renditions"]] == ["ambisonics", "binaural"]
        field = spatial["renditions"][0]
        assert set(grant["variants"][0]) < set(field)
        assert (field["codec"], field["channels"], field["gainDb"]) == ("opus", 16, 0.12)
        assert field["mime"] == 'audio/mp4; codecs="opus"'
        assert spatial["scene"] == f"/v1/spatial/songs/{house.id('first')}/scene"
        media = await house.call("GET", field["playlistUrl"])
        assert media.status == 200
        assert "ambisonics-opus/0.m4s" in media.body.decode()

    async def test_stereo_is_the_same_with_and_without(self, house: Any):
        await self.furnish(house, *ALL)
        plain = await self.grant(house)
        assert "spatial" not in plain
        asked = await self.grant(house, spatial="always")
        assert [v["rung"] for v in asked["variants"]] == [v["rung"] for v in plain["variants"]]
        assert asked["decision"]["chosen"] == plain["decision"]["chosen"]

    async def test_only_who_asked_finds_them_in_playlists(self, house: Any):
        await self.furnish(house, *ALL)
        plain = await self.playlist(house, await self.grant(house))
        assert "BINAURAL" not in plain
        listed = await self.playlist(house, await self.grant(house, spatial="automatic"))
        assert 'CHANNELS="16/3OA"' in listed
        assert 'CHANNELS="2/-/BINAURAL"' in listed
        assert listed.index('CHANNELS="2"') < listed.index("BINAURAL")

    async def test_an_address_for_stereo_opens_nothing_else(self, house: Any):
        await self.furnish(house, *ALL)
        stereo = await self.grant(house)
        other = stereo["playlistUrl"].replace("main.m3u8", "ambisonics-opus.m3u8")
        assert (await house.call("GET", other)).status == 404

    async def test_what_is_not_there_is_asked_for_and_the_song_plays_meanwhile(self, house: Any):
        await self.furnish(house, name="short")
        grant = await self.grant(house, "short", spatial="automatic")
        assert grant["spatial"]["renditions"] == []
        assert grant["variants"]
        job = await house.jobs.claim("test")
        assert (job.kind, job.recording_id) == (
            JobKind.SPATIAL,
            house.songs["short"].recording_id,
        )

    async def test_renderings_of_another_master_are_passed_over(self, house: Any):
        others = [rendition(rung, "hashhires", immersive="f" * 40) for rung in SPATIAL_RUNGS]
        await self.furnish(house, *others, name="hires")
        grant = await self.grant(house, "hires", spatial="automatic")
        assert grant["spatial"]["renditions"] == []

    async def test_a_song_without_a_master_says_nothing_of_space(self, house: Any):
        assert "spatial" not in await house.grant("second", spatial="always")

    def test_channels_are_those_of_their_kind(self):
        assert set(CHANNELS) == set(SpatialKind)
