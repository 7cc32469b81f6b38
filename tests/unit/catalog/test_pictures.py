import asyncio
import colorsys
import io

import pytest
from PIL import Image

from antiphon.catalog import ARTWORK_SIZES, ArtworkShelf, prepare
from antiphon.catalog.artwork import MAX_BYTES, render
from antiphon.catalog.colors import contrast, palette
from antiphon.kernel import Corrupt, Invalid


def _picture(size=(800, 800), color="navy", mode="RGB", kind="JPEG") -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, color).save(out, kind)
    return out.getvalue()


def _rgb(text: str) -> tuple[int, int, int]:
    return tuple(bytes.fromhex(text))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP"])
def test_the_usual_kinds_are_taken(kind):
    prepared = prepare(_picture(kind=kind))
    assert (prepared.artwork.width, prepared.artwork.height) == (800, 800)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff\xe0junk",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a<script>",
        _picture()[:300],
        b"x" * (MAX_BYTES + 1),
    ],
)
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(Corrupt):
        prepare(data)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded():
    with pytest.raises(Corrupt, match="pixels"):
        prepare(_picture((7000, 6000), mode="1", color=0, kind="PNG"))


def test_of_a_very_large_picture_a_smaller_copy_is_kept():
    prepared = prepare(_picture((4000, 2000)))
    assert (prepared.artwork.width, prepared.artwork.height) == (4000, 2000)
    assert Image.open(io.BytesIO(prepared.data)).size == (1600, 800)


@pytest.mark.parametrize("size", ARTWORK_SIZES)
def test_a_rendering_fits_and_is_never_larger_than_its_source(size):
    made = Image.open(io.BytesIO(render(_picture((500, 250)), size)))
    assert made.size == (min(size, 500), min(size, 500) // 2)


def test_transparency_becomes_white():
    made = Image.open(io.BytesIO(render(_picture(mode="RGBA", color=(0, 0, 0, 0), kind="PNG"), 64)))
    assert made.getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("hue", [n / 12 for n in range(12)])
@pytest.mark.parametrize("value", [0.0, 0.2, 0.5, 0.8, 1.0])
def test_text_can_be_read_on_its_background(hue, value):
    color = bytes(round(c * 255) for c in colorsys.hsv_to_rgb(hue, 0.8, value))
    other = bytes(round(c * 255) for c in colorsys.hsv_to_rgb(hue + 0.4, 0.5, 1 - value))
    background, *texts = map(_rgb, palette(color * 700 + other * 300))
    found = [contrast(background, text) for text in texts]
    assert min(found[:2]) >= 4.5
    assert min(found[2:]) >= 3


def test_the_commonest_colour_is_the_background():
    assert palette(b"\x10\x20\x80" * 900 + b"\xff\xff\xff" * 100)[0] == "102080"


def test_black_on_white_has_the_contrast_that_wcag_says():
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21.0)
    assert contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.48, abs=0.01)


async def test_a_size_is_made_once_however_many_ask(shop, monkeypatch):
    shelf = ArtworkShelf.on(shop.tables, shop.objects)
    prepared = prepare(_picture())
    await shelf.keep(prepared)
    made = []
    real = render
    monkeypatch.setattr(
        "antiphon.catalog.artwork.render", lambda data, size: made.append(size) or real(data, size)
    )
    keys = await asyncio.gather(*(shelf.key(prepared.artwork.id, 300) for _ in range(20)))
    assert set(keys) == {f"artwork/{prepared.artwork.id}/300.jpg"}
    assert made == [300]


async def test_sizes_above_the_source_share_one_rendering(shop):
    shelf = ArtworkShelf.on(shop.tables, shop.objects)
    prepared = prepare(_picture((500, 500)))
    await shelf.keep(prepared)
    assert await shelf.key(prepared.artwork.id, 1200) == await shelf.key(prepared.artwork.id, 600)


async def test_only_the_offered_sizes_are_made(shop):
    shelf = ArtworkShelf.on(shop.tables, shop.objects)
    with pytest.raises(Invalid):
        await shelf.key(prepare(_picture()).artwork.id, 10**9)
    assert await shelf.key(prepare(_picture()).artwork.id, 64) is None
