"""Random orders that can be paged through: the place of an id follows from seed and id alone.

So a list that grows between two pages neither repeats nor skips what was there before.
"""

import numpy as np
import numpy.typing as npt

_ID_BYTES = 16


def shuffled_page(ids: bytes, *, seed: int, offset: int, limit: int) -> list[str]:
    """Return one page of the ids (16 bytes each, end to end) in the random order of ``seed``."""
    every = np.frombuffer(ids, dtype=f"S{_ID_BYTES}")
    end = min(offset + limit, len(every))
    if offset >= end:
        return []
    rank = _mixed(every, seed)
    chosen = np.argpartition(rank, end - 1)[:end] if len(every) > end else np.arange(end)
    ordered = chosen[np.argsort(rank[chosen], kind="stable")]
    return [i.decode() for i in every[ordered[offset:end]].tolist()]


def _mixed(ids: npt.NDArray[np.bytes_], seed: int) -> npt.NDArray[np.uint64]:
    """Return one well-mixed number per id and seed (the finaliser of SplitMix64, twice)."""
    halves = ids.view(np.uint64).reshape(-1, 2)
    salt = np.uint64((seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) & (2**64 - 1))
    return _finalised(_finalised(halves[:, 0] ^ salt) ^ halves[:, 1])


def _finalised(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
