"""A long exposure from the last carriage: lights drawn into lines that meet at one point."""

import numpy as np

from antiphon.app.demo.covers.paint import Picture, canvas, colour, gradient, grained, over, soft


def paint() -> Picture:
    """The cover of the electronic album."""
    x, y = canvas()
    x, y = x - 0.0, y + 0.16
    angle, radius = np.arctan2(y, x), np.hypot(x, y)
    sky = gradient(
        y + 0 * x,
        (-0.9, "080614"),
        (-0.35, "1b1040"),
        (-0.05, "6a1b6b"),
        (0.0, "d8427a"),
        (0.03, "2a1140"),
        (1.2, "05040d"),
    )
    halo = np.exp(-((np.hypot(x, y + 0.3) / 0.45) ** 2)) * (y < 0)
    picture = sky + halo[..., None] * colour("7a2a86") * 0.55
    picture = _with_moon(picture, x, y) + _streaks(angle, radius) + _rails(x, y)
    return grained(np.clip(picture, 0, 1), 0.014, 2)


def _streaks(angle: Picture, radius: Picture) -> Picture:
    """Several hundred lights, each an arc of direction with its own colour, start and length."""
    rng = np.random.default_rng(12)
    glow = np.zeros((*radius.shape, 3), dtype=np.float32)
    grid = np.linspace(-np.pi, np.pi, 6000, dtype=np.float32)
    near = np.digitize(angle, grid) - 1
    for tint, count, power in (
        ("ff4f8b", 46, 0.8),
        ("38d6ff", 46, 0.8),
        ("ffd27a", 30, 0.9),
        ("ffffff", 18, 0.9),
    ):
        profile = np.zeros_like(grid)
        depth = np.full_like(grid, 0.15)
        for where in rng.uniform(-np.pi, np.pi, count):
            if abs(where + np.pi / 2) < 0.55:
                continue
            width = rng.uniform(0.0012, 0.006)
            bump = np.exp(-(((grid - where) / width) ** 2))
            profile += bump * rng.uniform(0.35, 1.0)
            depth = np.where(bump > 0.1, rng.uniform(0.08, 0.7), depth)
        length = np.clip((radius - depth[near]) / 0.35, 0, 1) ** 1.5
        glow += (profile[near] * length * power)[..., None] * colour(tint)
    return glow


def _with_moon(picture: Picture, x: Picture, y: Picture) -> Picture:
    """A moon that sets into the vanishing point, its lower half cut by widening bands."""
    disc = soft(np.hypot(x, y + 0.3) - 0.26) * (y < -0.004)
    gap = np.abs(((y + 0.3) * 13) % 1.0 - 0.5) - (0.44 - 0.8 * np.maximum(0, y + 0.3))
    bands = np.where(y > -0.3, soft(gap / 13), 1.0)
    face = gradient(
        y + 0 * x, (-0.56, "fff3dc"), (-0.36, "ffc49a"), (-0.16, "ff6f96"), (0.0, "e23f86")
    )
    return over(picture, face, disc * bands)


def _rails(x: Picture, y: Picture) -> Picture:
    """Two rails and their sleepers in perspective, lit from ahead."""
    below = np.maximum(y, 1e-3)
    across = x / below
    lit = np.zeros(np.broadcast_shapes(x.shape, y.shape), dtype=np.float32)
    for place in (-0.42, 0.42):
        lit += soft(np.abs(across - place) - 0.022, 0.012) * 1.0
    sleepers = soft(np.abs((0.9 / below) % 1.0 - 0.5) - 0.16, 0.05 + 0.02 / below) * (
        np.abs(across) < 0.62
    )
    fade = np.clip(y * 1.6, 0, 1) * (y > 0)
    return np.asarray(((lit * 0.9 + sleepers * 0.13) * fade)[..., None] * colour("ffb0d0"))
