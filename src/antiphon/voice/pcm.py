"""Sound as numbers: the shape of a stream of samples."""

from dataclasses import dataclass

__all__ = ["PcmFormat"]


@dataclass(frozen=True, slots=True)
class PcmFormat:
    """Signed little-endian integers: ``rate`` in Hz, ``width`` in bytes, channels interleaved."""

    rate: int
    width: int = 2
    channels: int = 1

    @property
    def frame(self) -> int:
        """Return the bytes of one sample of all channels."""
        return self.width * self.channels

    @property
    def bytes_per_second(self) -> int:
        """Return how many bytes a second of sound has."""
        return self.rate * self.frame
