"""Rings of gold from two sides cross in the middle: two choirs and the space between them."""

import numpy as np

from antiphon.app.demo.covers.paint import Picture, canvas, colour, gradient, grained, over, soft


def paint() -> Picture:
    """The cover of the brass, string and keyboard album."""
    x, y = canvas()
    left = np.hypot(x + 1.0, y - 0.12)
    right = np.hypot(x - 1.0, y - 0.12)
    ground = gradient(y + 0 * x + 0.25 * x**2, (-1.0, "0b1330"), (0.1, "16234f"), (1.2, "070b1f"))
    sheen = np.exp(-((left - right) ** 2) * 6)[..., None] * colour("27356f") * 0.5
    picture = ground + sheen
    for radius, tint in ((left, "f0c66a"), (right, "e9edf5")):
        rings = _rings(radius)
        fade = np.clip(1.28 - radius * 0.62, 0, 1) ** 1.3
        picture = over(picture, np.broadcast_to(colour(tint), picture.shape), rings * fade)
    meeting = _rings(left) * _rings(right)
    picture += meeting[..., None] * colour("fff3cf") * 0.85
    picture += np.exp(-(np.minimum(left, right) ** 2) * 30)[..., None] * colour("ffdf9a") * 0.45
    return grained(picture, 0.012, 1)


def _rings(radius: Picture) -> Picture:
    """Lines that stand closer and thinner with distance, as a sound grows weaker."""
    turn = 15.5 * radius
    from_line = np.abs(turn - np.round(turn)) / 15.5
    thick = 0.0135 * np.exp(-0.75 * radius)
    return soft(from_line - thick) * (radius > 0.09)
