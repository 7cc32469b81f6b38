"""Cache and signals on Redis, for installations of more than one machine."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeVar, cast
from urllib.parse import parse_qs, urlsplit

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
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

_LEAST_VERSION: Final = (6, 2)
_CONNECT_SECONDS: Final = 2.0
_ANSWER_SECONDS: Final = 2.0
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
    """``Cache`` and ``Signals`` on one Redis, or on the master that Sentinels name.

    Nothing is repeated here: what was not answered in time raises ``Unavailable``.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._increment = client.register_script(_INCREMENT)
        self._turns = asyncio.Semaphore(_AT_ONCE)

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
        told = await self._ask(self._client.info)
        advice = []
        if older(str(told["redis_version"]), _LEAST_VERSION):
            advice.append("it is older than 6.2: update it.")
        if told.get("role") != "master":
            advice.append("it is a replica and takes no writes: name its master, or the Sentinels.")
        if not told.get("maxmemory"):
            advice.append("its memory has no bound: set maxmemory.")
        elif told.get("maxmemory_policy") == "noeviction":
            advice.append("it refuses writes when full: set maxmemory-policy volatile-lru.")
        return About(f"Redis {told['redis_version']}", tuple(advice))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _ask(self, command: Callable[..., Awaitable[Any]], *args: Any, **more: Any) -> Any:
        async with self._turns:
            return await _answered(command(*args, **more))


def open_redis(url: str) -> RedisCache:
    """Open ``redis://host:port/db``, ``rediss://`` or ``redis+sentinel://h1:p1,h2:p2/master/db``.

    User and password stand before the host, as in any URL; ``?sentinel_password=`` may follow.
    """
    options: dict[str, Any] = {
        "socket_connect_timeout": _CONNECT_SECONDS,
        "socket_timeout": _ANSWER_SECONDS,
        "retry": Retry(NoBackoff(), 0),
        "health_check_interval": 30,
    }
    if urlsplit(url).scheme == "redis+sentinel":
        return RedisCache(_by_sentinel(url, options))
    try:
        return RedisCache(Redis.from_url(url, **options))
    except ValueError as fault:
        raise Invalid(f"{url!r} cannot be the cache engine: {fault}") from fault


def _by_sentinel(url: str, options: dict[str, Any]) -> Redis:
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    master, _, database = parts.path.strip("/").partition("/")
    try:
        found = [
            (host, int(port)) for host, _, port in (h.rpartition(":") for h in hosts.split(","))
        ]
        number = int(database or 0)
    except ValueError as fault:
        raise Invalid(f"{url!r}: write redis+sentinel://host:port,host:port/master/0.") from fault
    if not master:
        raise Invalid(f"{url!r} names no master.")
    secret = parse_qs(parts.query).get("sentinel_password", [None])[0]
    sentinels = Sentinel(  # type: ignore[no-untyped-call]
        found, sentinel_kwargs={"password": secret}, **options
    )
    return cast(
        "Redis",
        sentinels.master_for(
            master, db=number, username=user or None, password=password or None, **options
        ),
    )


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


class _Ears:
    """One subscription: a connection of its own that is made again when it is lost."""

    def __init__(self, client: Redis, channels: tuple[str, ...]) -> None:
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
        pubsub = self._client.pubsub()
        try:
            await self._confirmed(pubsub)
        except BaseException:  # half a connection must not be listened to
            await _left(pubsub)
            raise
        self._pubsub = pubsub

    async def _confirmed(self, pubsub: PubSub) -> None:
        await _answered(pubsub.subscribe(*self._channels))
        waiting = set(self._channels)
        while waiting:
            message = await _answered(pubsub.get_message(timeout=_ANSWER_SECONDS))
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
            message = await self._pubsub.get_message(timeout=_ANSWER_SECONDS)
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


async def _answered(call: Awaitable[_T]) -> _T:
    try:
        return await call
    except (RedisConnectionError, RedisTimeoutError, OSError) as fault:
        raise Unavailable(f"Redis does not answer: {fault}") from fault
    except ResponseError as fault:
        if any(sign in str(fault) for sign in _NO_COUNTER):
            raise
        raise Unavailable(f"Redis refuses what it is asked: {fault}") from fault


def _milliseconds(ttl: float) -> int:
    return max(1, round(ttl * 1000))
