"""The filters of heads: made once, kept among the objects, sent as they lie there.

They take seconds to make, and load what an HTTP worker has no other use for: a process of its own
makes them. ``python -m antiphon.streaming.heads RATE RADIUS`` writes them to its standard output.
"""

import asyncio
import os
import sys
from contextlib import suppress
from typing import Final

from antiphon.kernel import Invalid, NotFound, Unavailable
from antiphon.storage import Objects, SingleFlight

HEADS_MM: Final = {"small": 80.0, "default": 87.5, "large": 95.0}
"""The radius of each head, in mm."""
RATES: Final = (32000, 44100, 48000, 88200, 96000)
_USUAL_RATES: Final = (48000, 44100)
EARS: Final = 2
COMPONENTS: Final = 16
_FLOAT_BYTES: Final = 4
_VERSION: Final = 1  # of the model: other filters, another number
_SECONDS: Final = 120.0


class HeadUnknown(NotFound):
    """There is no head of this name."""

    code = "head_unknown"


class Heads:
    """Hands out the filters of heads; each is made at most once at a time."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._making: SingleFlight[tuple[str, int]] = SingleFlight()

    async def filters(self, head: str, rate: int) -> bytes:
        """Return float32 in little-endian, (2 ears, 16 components ACN and SN3D, taps).

        ``HeadUnknown``, or ``Invalid`` for a rate that none is made for.
        """
        if head not in HEADS_MM:
            raise HeadUnknown(f"There is no head {head}: ask for {', '.join(HEADS_MM)}.")
        if rate not in RATES:
            told = ", ".join(map(str, RATES))
            raise Invalid(f"No filters are made for {rate} Hz: ask for {told}.", parameter="rate")
        key = etag_of(head, rate)
        found = await self._objects.get(f"spatial/heads/{key}")
        if found is None:
            found = await self._making.share((head, rate), lambda: _made(HEADS_MM[head], rate))
            await self._objects.put(f"spatial/heads/{key}", found)
        return found

    async def have_usual(self) -> None:
        """Have the filters made that most players ask for; the others are made when asked for."""
        for rate in _USUAL_RATES:
            with suppress(Unavailable):
                await self.filters("default", rate)


def etag_of(head: str, rate: int) -> str:
    """Return what names the filters of a head at a rate, and of no other."""
    return f"{head}-{rate}-{_VERSION}"


def taps_of(filters: bytes) -> int:
    """Return how many taps each filter has."""
    return len(filters) // (EARS * COMPONENTS * _FLOAT_BYTES)


async def _made(radius: float, rate: int) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "antiphon.streaming.heads",
        str(rate),
        str(radius),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    try:
        async with asyncio.timeout(_SECONDS):
            made, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode or not made:
        raise Unavailable("The filters of this head could not be made: try again.", retry_after=5)
    return made


def main(rate: str, radius: str) -> None:
    """Write filters to the standard output."""
    from antiphon.spatial import default_filters  # noqa: PLC0415 - heavy, and only here

    taps = default_filters(int(rate), float(radius)).taps
    sys.stdout.buffer.write(taps.astype("<f4").tobytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
