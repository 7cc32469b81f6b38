"""The colours of a picture: a background, and text colours that can be read on it.

Contrast is WCAG 2.2's: relative luminance by its definition, (L1 + 0.05) / (L2 + 0.05).
"""

import colorsys
import math
from collections import Counter

_TEXT_CONTRAST = 4.5  # WCAG AA for text
_DIMMER_CONTRAST = 3.0  # WCAG AA for large text
_BUCKET_BITS = 4  # 16 levels a channel: near colours count together
_DISTANCE = 0.18  # how far (in RGB, 0..1) a text colour stands apart from one already chosen

Rgb = tuple[int, int, int]


def palette(pixels: bytes) -> tuple[str, str, str, str, str]:
    """Return background and four text colours as ``rrggbb`` for packed 8-bit RGB ``pixels``.

    Text 1 and 2 have a contrast of at least 4.5 on the background, 3 and 4 of at least 3.
    """
    ranked = _ranked(pixels)
    background = ranked[0]
    texts: list[Rgb] = []
    for least in (_TEXT_CONTRAST, _TEXT_CONTRAST, _DIMMER_CONTRAST, _DIMMER_CONTRAST):
        texts.append(_text(ranked, background, texts, least))
    return (_hex(background), *(_hex(t) for t in texts))  # type: ignore[return-value]


def contrast(one: Rgb, other: Rgb) -> float:
    """Return the WCAG contrast of two colours, 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _ranked(pixels: bytes) -> list[Rgb]:
    """Return the picture's colours, the most present first, colourful ones a little favoured."""
    shift = 8 - _BUCKET_BITS
    triples = list(zip(pixels[0::3], pixels[1::3], pixels[2::3], strict=True))
    buckets = Counter((r >> shift, g >> shift, b >> shift) for r, g, b in triples)
    sums: dict[Rgb, list[int]] = {bucket: [0, 0, 0] for bucket, _ in buckets.most_common(64)}
    for r, g, b in triples:
        total = sums.get((r >> shift, g >> shift, b >> shift))
        if total is not None:
            total[0] += r
            total[1] += g
            total[2] += b
    weighted: list[tuple[float, Rgb]] = []
    for bucket, (red, green, blue) in sums.items():
        n = buckets[bucket]
        color = (red // n, green // n, blue // n)
        saturation = colorsys.rgb_to_hsv(*(c / 255 for c in color))[1]
        weighted.append((n * (1 + saturation), color))
    return [color for _, color in sorted(weighted, reverse=True)]


def _text(ranked: list[Rgb], background: Rgb, taken: list[Rgb], least: float) -> Rgb:
    for color in ranked[1:]:
        apart = all(_distance(color, other) > _DISTANCE for other in taken)
        if apart and contrast(color, background) >= least:
            return color
    return _plain(background, len(taken), least)


def _plain(background: Rgb, index: int, least: float) -> Rgb:
    """Return black or white, whichever reads better, dimmed towards the background if it may be."""
    black, white = (0, 0, 0), (255, 255, 255)
    best = max((black, white), key=lambda c: contrast(c, background))
    for share in (0.12 * index, 0.06 * index, 0.0):
        mixed = _mixed(best, background, share)
        if contrast(mixed, background) >= least:
            return mixed
    return best


def _mixed(one: Rgb, other: Rgb, share: float) -> Rgb:
    r, g, b = (round(a * (1 - share) + c * share) for a, c in zip(one, other, strict=True))
    return r, g, b


def _distance(one: Rgb, other: Rgb) -> float:
    return math.dist(one, other) / 255


def _luminance(color: Rgb) -> float:
    r, g, b = (_linear(c / 255) for c in color)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def _linear(c: float) -> float:
    return c / 12.92 if c <= 0.04045 else float(((c + 0.055) / 1.055) ** 2.4)


def _hex(color: Rgb) -> str:
    return "{:02x}{:02x}{:02x}".format(*color)
