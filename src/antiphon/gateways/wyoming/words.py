"""Partial transcripts for clients that only append: which words are stable. Pure."""

__all__ = ["StableWords"]


class StableWords:
    """Follows guesses that grow and change, and lets out words that did not change in between.

    The last word of a guess may still grow, so it waits. What was let out is never taken back: the
    transcript at the end is what counts.
    """

    def __init__(self) -> None:
        self._before: list[str] = []
        self._out: list[str] = []

    def grown(self, guess: str) -> str:
        """Return the words that can be added now, perhaps none."""
        words = guess.split()
        stable = words[: max(_common(self._before, words) - 1, 0)]
        self._before = words
        return self._added(stable)

    def finished(self, text: str) -> str:
        """Return what is missing of the final text; nothing where it went another way."""
        return self._added(text.split())

    def _added(self, words: list[str]) -> str:
        if words[: len(self._out)] != self._out:
            return ""
        added = words[len(self._out) :]
        lead = " " if self._out and added else ""
        self._out = words
        return lead + " ".join(added)


def _common(one: list[str], other: list[str]) -> int:
    same = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        same += 1
    return same
