"""Foreign players in Chromium play our HLS as it is: Shaka, hls.js, and the browser's own."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright

SHAKA = Path(__file__).parents[3] / "web/node_modules/shaka-player/dist/shaka-player.compiled.js"
HLS_JS = Path(__file__).parents[3] / "web/node_modules/hls.js/dist/hls.min.js"
CHROMIUM = "/usr/bin/chromium"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not SHAKA.exists(), reason="web/node_modules is missing: make setup"),
    pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="Chromium is missing"),
]
PAGE = b"""<!doctype html><audio id=a></audio>
<script src=/shaka.js></script><script src=/hls.js></script>"""
PLAY_WITH_SHAKA = """async (url) => {
  const player = new shaka.Player();
  await player.attach(document.getElementById('a'));
  await player.load(url);
  return player.getVariantTracks().map(
    (t) => [t.audioCodec, t.audioBandwidth ?? t.bandwidth, t.language]);
}"""
PLAY_WITH_HLS_JS = """(url) => new Promise((resolve, reject) => {
  const licenseUrl = url.replace('main.m3u8', 'licence').replace(/[?].*/, '');
  const drmSystems = { 'org.w3.clearkey': { licenseUrl } };
  const player = new Hls({ emeEnabled: true, drmSystems });
  player.on(Hls.Events.ERROR, (_, data) => { if (data.fatal) reject(new Error(data.details)); });
  player.on(Hls.Events.MANIFEST_PARSED, () => resolve(player.levels.map((l) => l.audioCodec)));
  player.loadSource(url);
  player.attachMedia(document.getElementById('a'));
})"""
PLAY_PLAINLY = "(url) => { document.getElementById('a').src = url; }"
LISTEN = """async (seconds) => {
  const audio = document.getElementById('a');
  audio.volume = 0.01;
  await audio.play();
  const until = performance.now() + 15000;
  while (audio.currentTime < seconds && performance.now() < until && !audio.error)
    await new Promise((r) => setTimeout(r, 50));
  return {time: audio.currentTime, duration: audio.duration, error: audio.error?.message ?? null};
}"""


class Site:
    """The hot routes with a page beside them."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._files = {
            "/": (b"text/html", PAGE),
            "/shaka.js": (b"text/javascript", SHAKA.read_bytes()),
            "/hls.js": (b"text/javascript", HLS_JS.read_bytes()),
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        found = self._files.get(scope["path"])
        if found is None:
            await self._app(scope, receive, send)
            return
        headers = [(b"content-type", found[0])]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": found[1]})


@pytest.fixture
async def page(web):
    web.front.app = Site(web.front.app)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--autoplay-policy=no-user-gesture-required"],
        )
        page = await browser.new_page()
        await page.goto(web.url + "/")
        yield page
        await browser.close()


async def test_shaka_offers_every_variant_and_plays_past_a_boundary(web, page):
    grant = await web.granted("first")
    tracks = await page.evaluate(PLAY_WITH_SHAKA, grant["playlistUrl"])
    assert sorted(codec for codec, _, _ in tracks) == ["fLaC", *["mp4a.40.2"] * 3]
    await page.evaluate("document.getElementById('a').currentTime = 5.5")
    heard = await page.evaluate(LISTEN, 6.5)
    assert heard["error"] is None
    assert heard["time"] >= 6.5
    assert heard["duration"] == pytest.approx(13.37, abs=0.02)


@pytest.mark.parametrize("rung", ["flac", "aac-128"])
async def test_a_plain_audio_element_plays_and_seeks_in_the_progressive_file(web, page, rung):
    grant = await web.granted("first")
    url = grant["progressiveUrl"].replace("flac.mp4", f"{rung}.mp4")
    await page.evaluate(PLAY_PLAINLY, url)
    await page.evaluate("document.getElementById('a').currentTime = 12")
    heard = await asyncio.wait_for(page.evaluate(LISTEN, 12.5), 20)
    assert heard["error"] is None
    assert heard["time"] >= 12.5
    assert heard["duration"] == pytest.approx(13.37, abs=0.05)


async def test_the_browsers_own_hls_plays_and_adapts_within_one_codec(web, page):
    # Chromium's own HLS begins with the smallest variant and cannot go from AAC to FLAC; it also
    # wants EXT-X-MEDIA with a URI, without which it finds nothing to play.
    grant = await web.granted("first", capabilities={"codecs": ["mp4a.40.2"]})
    await page.evaluate(PLAY_PLAINLY, grant["playlistUrl"])
    heard = await asyncio.wait_for(page.evaluate(LISTEN, 1), 20)
    assert heard["error"] is None
    assert heard["time"] >= 1
    assert heard["duration"] == pytest.approx(13.37, abs=0.05)


async def test_the_browsers_own_hls_plays_a_lossless_media_playlist(web, page):
    grant = await web.granted("first")
    url = grant["playlistUrl"].replace("main.m3u8", "flac.m3u8")
    await page.evaluate(PLAY_PLAINLY, url)
    heard = await asyncio.wait_for(page.evaluate(LISTEN, 6.5), 20)
    assert heard["error"] is None
    assert heard["time"] >= 6.5


async def test_shaka_fetches_the_key_files_of_an_encrypted_song(web, page):
    grant = await web.granted("locked", capabilities={"codecs": ["flac", "mp4a.40.2"]})
    await page.evaluate(PLAY_WITH_SHAKA, grant["playlistUrl"])
    heard = await asyncio.wait_for(page.evaluate(LISTEN, 7), 30)
    assert heard["error"] is None
    assert heard["time"] >= 7


@pytest.mark.parametrize(("name", "query"), [("first", ""), ("locked", "?keys=clearkey")])
async def test_hls_js_plays_in_the_clear_and_by_clear_key(web, page, name, query):
    grant = await web.granted(name, capabilities={"codecs": ["mp4a.40.2"]})
    codecs = await page.evaluate(PLAY_WITH_HLS_JS, grant["playlistUrl"] + query)
    assert set(codecs) == {"mp4a.40.2"}
    heard = await asyncio.wait_for(page.evaluate(LISTEN, 7), 30)
    assert heard["error"] is None
    assert heard["time"] >= 7
