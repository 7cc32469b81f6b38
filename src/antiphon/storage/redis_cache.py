"""Cache and signals on Redis, for installations of more than one machine."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar, cast

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.cluster import RedisCluster
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisClusterException, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from antiphon.kernel import Invalid, Unavailable
from antiphon.storage.about import About, older
from antiphon.storage.cache import (
    MAX_SIGNAL_BYTES,
    check_cache_key,
    check_cache_value,
    check_channel,
)

_T = TypeVar("_T")

ANSWER_SECONDS: Final = 2.0
CONNECT_SECONDS: Final = 2.0
_LEAST_VERSION: Final = (6, 2)
_AT_ONCE: Final = 32  # commands of one process; the others wait, subscriptions do not count
_QUIET_SECONDS: Final = 10.0  # after so long without news a subscriber asks whether it is heard
_LONGEST_PAUSE_SECONDS: Final = 2.0
_MOST_UNREAD: Final = 10_000  # of one subscription; it loses what comes after
_NO_COUNTER: Final = ("not an integer", "WRONGTYPE", "overflow")
# A counter's time to live begins with it: both in one step, or a killed caller leaves it for ever.
_INCREMENT: Final = """
local total = redis.call('INCRBY', KEYS[1], ARGV[1])
if total == tonumber(ARGV[1]) and redis.call('PTTL', KEYS[1]) < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return total
"""


class RedisCache:
    """``Cache`` and ``Signals`` on one Redis, on the master that Sentinels name, or on a cluster.

    Nothing is repeated here: what was not answered in time raises ``Unavailable``. Every command
    is about one key, so that a cluster can keep it at one node; signals reach all its nodes.
    """

    def __init__(self, client: Redis | RedisCluster, watchers: Sequence[Redis] = ()) -> None:
        """``watchers``: what else there are connections to, Sentinels."""
        self._client = client
        self._watchers = watchers
        self._increment: Callable[..., Awaitable[Any]] = client.register_script(_INCREMENT)
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._meeting = asyncio.Lock()

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None where it is absent or has expired."""
        check_cache_key(key)
        return cast("bytes | None", await self._ask(self._client.get, key))

    async def set(self, key: str, value: bytes, *, ttl: float) -> None:
        """Store ``value`` for ``ttl`` seconds."""
        check_cache_key(key)
        check_cache_value(value)
        await self._ask(self._client.set, key, value, px=_milliseconds(ttl))

    async def add(self, key: str, value: bytes, *, ttl: float) -> bool:
        """Store it only if the key is absent; exactly one of many concurrent callers gets True."""
        check_cache_key(key)
        check_cache_value(value)
        held = await self._ask(self._client.set, key, value, px=_milliseconds(ttl), nx=True)
        return bool(held)

    async def delete(self, key: str) -> None:
        """Forget the key."""
        check_cache_key(key)
        await self._ask(self._client.delete, key)

    async def increment(self, key: str, *, ttl: float, by: int = 1) -> int:
        """Add to a counter and return it; ``ttl`` counts from the counter's first increment."""
        check_cache_key(key)
        try:
            total = await self._ask(self._increment, keys=[key], args=[by, _milliseconds(ttl)])
        except ResponseError as fault:
            raise Invalid("This cached value is no counter.") from fault
        return int(total)

    async def publish(self, channel: str, payload: bytes) -> None:
        """Send ``payload`` to everyone subscribed to ``channel`` now."""
        check_channel(channel)
        if len(payload) > MAX_SIGNAL_BYTES:
            raise Invalid(f"A signal has at most {MAX_SIGNAL_BYTES} bytes, not {len(payload)}.")
        await self._ask(self._client.publish, channel, payload)

    @asynccontextmanager
    async def subscribe(self, *channels: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Enter to be subscribed; iterate to receive payloads.

        A lost connection is made again; what is published meanwhile is lost.
        """
        for channel in channels:
            check_channel(channel)
        if isinstance(self._client, RedisCluster):
            await _answered(self._meet(self._client))
        ears = _Ears(self._client, channels)
        await ears.connect()
        listening = asyncio.create_task(ears.listen())
        try:
            yield ears
        finally:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
            await ears.close()

    async def about(self) -> About:
        """Return its version and what its memory and role should be."""
        if isinstance(self._client, RedisCluster):
            masters = RedisCluster.PRIMARIES
            found = await self._ask(self._client.execute_command, "INFO", target_nodes=masters)
            nodes = list(found.values()) if "redis_version" not in found else [found]
            advice = dict.fromkeys(line for told in nodes for line in _advice(told))
            version = f"{nodes[0]['redis_version']}, a cluster of {len(nodes)}"
            return About(f"Redis {version}", tuple(advice))
        told = await self._ask(self._client.info)
        return About(f"Redis {told['redis_version']}", tuple(_advice(told)))

    async def close(self) -> None:
        """Close the connections."""
        for client in (self._client, *self._watchers):
            await client.aclose()

    async def _ask(self, command: Callable[..., Awaitable[Any]], *args: Any, **more: Any) -> Any:
        """Ask once, with one deadline: the client's own makes a task for each command it sends."""
        async with _in_time(ANSWER_SECONDS), self._turns:
            if isinstance(self._client, RedisCluster):
                await _answered(self._meet(self._client))
            return await _answered(command(*args, **more))

    async def _meet(self, client: RedisCluster) -> None:
        """Know the cluster's nodes; the client itself does not stand being first used by many."""
        async with self._meeting:
            await client.initialize()


def _advice(told: dict[str, Any]) -> list[str]:
    advice = []
    if older(str(told["redis_version"]), _LEAST_VERSION):
        advice.append("it is older than 6.2: update it.")
    if told.get("role") != "master":
        advice.append("it is a replica and takes no writes: name its master, or the Sentinels.")
    if not told.get("maxmemory"):
        advice.append("its memory has no bound: set maxmemory.")
    elif told.get("maxmemory_policy") == "noeviction":
        advice.append("it refuses writes when full: set maxmemory-policy volatile-lru.")
    return advice


class _Ears:
    """One subscription: a connection of its own that is made again when it is lost."""

    def __init__(self, client: Redis | RedisCluster, channels: tuple[str, ...]) -> None:
        self._client = client
        self._channels = channels
        self._pubsub: PubSub | None = None
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(_MOST_UNREAD)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        return await self._queue.get()

    async def connect(self) -> None:
        """Subscribe, and return when the server has said so."""
        if isinstance(self._client, RedisCluster):  # the node may be one that is away
            await _answered(self._client.initialize())
        pubsub = self._client.pubsub()
        try:
            async with _in_time(CONNECT_SECONDS + ANSWER_SECONDS):
                await self._confirmed(pubsub)
        except BaseException:  # half a connection must not be listened to
            await _left(pubsub)
            raise
        self._pubsub = pubsub

    async def _confirmed(self, pubsub: PubSub) -> None:
        await _answered(pubsub.subscribe(*self._channels))
        waiting = set(self._channels)
        while waiting:
            message = await _answered(pubsub.get_message(timeout=ANSWER_SECONDS))
            if message is None:
                raise Unavailable("Redis did not confirm a subscription in time.")
            if message["type"] == "subscribe":
                waiting.discard(message["channel"].decode())
            else:
                self._arrived(message)

    async def listen(self) -> None:
        """Take in messages until cancelled."""
        pause = 0.05
        while True:
            try:
                async with _in_time(2 * _QUIET_SECONDS):
                    await self._hear()
                pause = 0.05
            except (RedisError, OSError, Unavailable):
                await self.close()
                await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
                with suppress(RedisError, OSError, Unavailable):
                    await self.connect()

    async def close(self) -> None:
        """Leave."""
        if self._pubsub is not None:
            await _left(self._pubsub)
            self._pubsub = None

    async def _hear(self) -> None:
        if self._pubsub is None:
            await self.connect()
        assert self._pubsub is not None
        message = await self._pubsub.get_message(timeout=_QUIET_SECONDS)
        if message is None:
            await self._pubsub.ping()
            message = await self._pubsub.get_message(timeout=ANSWER_SECONDS)
            if message is None:
                raise RedisConnectionError("a subscriber's ping was not answered")
        self._arrived(message)

    def _arrived(self, message: dict[str, Any]) -> None:
        if message["type"] == "message":
            with suppress(asyncio.QueueFull):
                self._queue.put_nowait(message["data"])


async def _left(pubsub: PubSub) -> None:
    with suppress(RedisError, OSError):
        await pubsub.aclose()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def _in_time(seconds: float) -> AsyncIterator[None]:
    """Raise ``Unavailable`` where the block takes longer; the client drops the connection then."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as fault:
        raise Unavailable(f"Redis did not answer within {seconds:g} s.") from fault


async def _answered(call: Awaitable[_T]) -> _T:
    try:
        return await call
    except (RedisConnectionError, RedisTimeoutError, RedisClusterException, OSError) as fault:
        raise Unavailable(f"Redis does not answer: {fault}") from fault
    except ResponseError as fault:
        if any(sign in str(fault) for sign in _NO_COUNTER):
            raise
        raise Unavailable(f"Redis refuses what it is asked: {fault}") from fault


def _milliseconds(ttl: float) -> int:
    return max(1, round(ttl * 1000))
