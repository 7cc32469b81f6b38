"""Units as types: a number that says what it counts."""

from typing import NewType

DurationMs = NewType("DurationMs", int)
SampleRateHz = NewType("SampleRateHz", int)
SampleCount = NewType("SampleCount", int)
BitsPerSecond = NewType("BitsPerSecond", int)
Lufs = NewType("Lufs", float)
TruePeakDb = NewType("TruePeakDb", float)
UnixMs = NewType("UnixMs", int)
