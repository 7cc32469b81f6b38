"""Rendering what is posted: a body of samples streamed in, the rendered samples streamed out."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec
import numpy as np
from numpy.typing import NDArray

from antiphon.live.errors import FrameInvalid, ListenerTooSlow, MessageInvalid
from antiphon.live.model import Opening, PoseIn, read_opening, read_pose
from antiphon.live.service import LiveService
from antiphon.live.stream import MOST_BLOCKS, LiveStream
from antiphon.spatial import HeadPose, MasterUnreadable, PcmFormat, begin_of_sound, floats_of

__all__ = ["render_posted"]

_PACE: Final = 4.0  # times faster than it plays, so that files leave room for who listens
_MOST_HEAD: Final = 1024 * 1024
_BODY_SECONDS: Final = 30.0
_WAV: Final = {"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"}
_NUMBERS: Final = {"ambisonics", "headRadiusMm", "sampleRate", "block", "yaw", "pitch", "roll"}
_INPUT: Final = {"layout", "ambisonics", "format"}
_OUTPUT: Final = {"output": "layout", "headRadiusMm": "headRadiusMm"}
_POSE: Final = {"yaw", "pitch", "roll"}

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Samples = NDArray[np.float32]


async def render_posted(
    service: LiveService, scope: MutableMapping[str, Any], receive: Receive, send: Send
) -> None:
    """Answer one POST. What is wrong before the first samples is raised; later it cuts the answer.

    Answers are float32, interleaved, as many samples as came; nothing is late.
    """
    query, pose = _asked(scope["query_string"].decode("latin-1"))
    body = _Body(receive)
    how = await _head(body, scope["headers"], query)
    opening = read_opening(msgspec.json.encode(query).decode())
    async with service.stream(opening, _PACE) as stream:
        if how.channels not in {0, stream.channels}:
            raise MessageInvalid(f"The file has {how.channels} channels, not {stream.channels}.")
        sound = PcmFormat(stream.channels, how.sample_rate, how.bits, is_float=how.is_float)
        answer = _Answer(send, stream, opening)
        began, played = time.monotonic(), 0
        async for samples in _blocks(body, sound, opening.block, stream):
            await answer.take(await service.render(stream, samples, pose))
            played += len(samples)
            ahead = played / opening.sample_rate / _PACE - (time.monotonic() - began)
            if ahead > 0.0:
                await asyncio.sleep(ahead)
        await answer.end(body.samples(sound))


def _asked(text: str) -> tuple[dict[str, Any], HeadPose]:
    """Return what the query asks for in the form of an opening, and the head's pose."""
    opening: dict[str, Any] = {"version": 1, "input": {}, "output": {}}
    pose: dict[str, float] = {}
    for name, raw in parse_qsl(text, keep_blank_values=True):
        value: Any = raw.replace(" ", "+")  # a plus of a layout's name that was not escaped
        if name in _NUMBERS:
            try:
                value = float(raw) if name in _POSE else int(raw)
            except ValueError as fault:
                raise MessageInvalid(f"{name} is a number, not {raw}.", parameter=name) from fault
        if name in _INPUT:
            opening["input"][name] = value
        elif name in _OUTPUT:
            opening["output"][_OUTPUT[name]] = value
        elif name in _POSE:
            pose[name] = value
        elif name in {"sampleRate", "block"}:
            opening[name] = value
        else:
            raise MessageInvalid(f"There is no parameter {name}.", parameter=name)
    told: PoseIn = read_pose(msgspec.json.encode({"pose": pose}).decode())
    return opening, told.head()


async def _head(body: "_Body", headers: Any, query: dict[str, Any]) -> PcmFormat:
    """Return how samples lie, taking the head of a file; its rate goes into the query.

    Channels are 0 where only the query says how many there are.
    """
    kind = next((v for k, v in headers if k == b"content-type"), b"").split(b";")[0].strip()
    if kind.decode("latin-1").lower() not in _WAV:
        floats = query["input"].get("format", "f32") != "s16"
        rate = query.get("sampleRate", 48000)
        return PcmFormat(0, rate, 32 if floats else 16, is_float=floats)
    while (found := _begin(bytes(body.held))) is None:
        if len(body.held) > _MOST_HEAD or not await body.more():
            raise FrameInvalid("The file ends, or a megabyte has passed, before its sound begins.")
    how, begin, size = found
    del body.held[:begin]
    body.left = size
    query["sampleRate"] = how.sample_rate
    return how


def _begin(head: bytes) -> tuple[PcmFormat, int, int | None] | None:
    try:
        return begin_of_sound(head)
    except MasterUnreadable as fault:
        raise FrameInvalid(fault.detail) from fault


async def _blocks(
    body: "_Body", how: PcmFormat, block: int, stream: LiveStream
) -> AsyncIterator[_Samples]:
    """Yield whole blocks until all of the body, and what the renderer holds back, is through."""
    held_back = -(-stream.latency // block) * block
    most, unit = MOST_BLOCKS * block * how.frame_bytes, block * how.frame_bytes
    heard = False
    while raw := await body.take(most, unit):
        whole, rest = divmod(len(raw), how.frame_bytes)
        if rest:
            raise FrameInvalid(f"The body ends within a sample of {how.channels} channels.")
        samples = floats_of(raw, how).reshape(whole, how.channels)
        if not np.isfinite(samples).all():
            raise FrameInvalid("The body holds what is no number.")
        heard = True
        if missing := -whole % block:  # the end
            yield np.pad(samples, ((0, missing + held_back), (0, 0)))
            return
        yield samples
    if heard and held_back:
        yield np.zeros((held_back, how.channels), np.float32)


class _Body:
    """The bytes of a request, no more of them held than asked for."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = False
        self.held = bytearray()
        self.left: int | None = None  # of sound, where its file said so
        self._taken = 0

    def samples(self, how: PcmFormat) -> int:
        """Return how many samples of every channel were taken."""
        return self._taken // how.frame_bytes

    async def more(self) -> bool:
        """Hold one more part; return whether there was one."""
        if self._ended:
            return False
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                message = await self._receive()
        except TimeoutError as fault:
            told = f"Nothing came for {_BODY_SECONDS:.0f} s."
            raise ListenerTooSlow(told, http_status=408) from fault
        if message["type"] == "http.disconnect":
            raise FrameInvalid("The body was cut short.")
        self.held += message.get("body", b"")
        self._ended = not message.get("more_body", False)
        return True

    async def take(self, most: int, unit: int) -> bytes:
        """Return up to ``most`` bytes of sound, whole units of them unless it ends."""
        while self.left == 0 and await self.more():
            self.held.clear()  # chunks behind the sound
        while len(self.held) < unit and not self._ended:
            await self.more()
        size = min(len(self.held), most if self.left is None else min(most, self.left))
        if size >= unit:
            size -= size % unit
        if self.left is not None:
            self.left -= size
        raw = bytes(self.held[:size])
        del self.held[:size]
        self._taken += size
        return raw


class _Answer:
    """The rendered samples as they go out, those before the first cut off."""

    def __init__(self, send: Send, stream: LiveStream, opening: Opening) -> None:
        self._send = send
        self._skip = stream.latency
        self._sent = 0
        self._held: list[_Samples] = []
        self._began = False
        self._headers = [
            (b"content-type", b"application/octet-stream"),
            (b"cache-control", b"no-store"),
            (b"antiphon-channels", str(stream.outputs).encode()),
            (b"antiphon-sample-rate", str(opening.sample_rate).encode()),
        ]

    async def take(self, samples: _Samples) -> None:
        """Send what was held back, and hold this: the end may have to be cut."""
        skipped = min(self._skip, len(samples))
        self._skip -= skipped
        self._held.append(samples[skipped:])
        if len(self._held) > 1:
            await self._pass(self._held.pop(0))

    async def end(self, samples: int) -> None:
        """Send the rest, so that ``samples`` went out."""
        for held in self._held:
            await self._pass(held[: max(samples - self._sent, 0)])
        await self._pass(np.zeros((0, 1), np.float32), is_last=True)

    async def _pass(self, samples: _Samples, *, is_last: bool = False) -> None:
        if not self._began:
            self._began = True
            start = {"type": "http.response.start", "status": 200, "headers": self._headers}
            await self._send(start)
        self._sent += len(samples)
        raw = np.ascontiguousarray(samples, "<f4").tobytes()
        await self._send({"type": "http.response.body", "body": raw, "more_body": not is_last})
