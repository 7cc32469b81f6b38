"""Which Redis a URL names: one, the master that Sentinels name, or a cluster."""

from functools import partial
from typing import Any, Final
from urllib.parse import SplitResult, parse_qs, urlsplit

from redis.asyncio import Redis
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff

from antiphon.kernel import Invalid
from antiphon.storage.redis_cache import CONNECT_SECONDS, RedisCache
from antiphon.storage.single_flight import SingleFlight

_LOOK_SECONDS: Final = 0.5  # for a Sentinel's answer: the next one is asked then


class _Sentinels(Sentinel):
    """Sentinels that are asked once for all connections that are made at the same time."""

    def __init__(self, hosts: list[tuple[str, int]], **options: Any) -> None:
        super().__init__(hosts, **options)  # type: ignore[no-untyped-call]
        self._asked: SingleFlight[str] = SingleFlight()

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Return where the master is."""
        return await self._asked.share(service_name, partial(super().discover_master, service_name))


def open_redis(url: str) -> RedisCache:
    """Open ``redis://host:port/db``, ``rediss://``, or one of more than one server.

    ``redis+sentinel://h1:p1,h2:p2/master/db`` and ``redis+cluster://h1:p1,h2:p2``. User and
    password stand before the hosts; ``?sentinel_password=`` may follow.
    """
    parts = urlsplit(url)
    if parts.scheme == "redis+sentinel":
        return _by_sentinel(url, parts)
    if parts.scheme == "redis+cluster":
        return RedisCache(_cluster(url, parts))
    try:
        return RedisCache(Redis.from_url(url, **_patience()))
    except ValueError as fault:
        raise Invalid(f"{url!r} cannot be the cache engine: {fault}") from fault


def _patience() -> dict[str, Any]:
    return {
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_timeout": None,  # whoever asks sets a deadline
        "retry": Retry(NoBackoff(), 0),
        "health_check_interval": 30,
    }


def _by_sentinel(url: str, parts: SplitResult) -> RedisCache:
    master, _, database = parts.path.strip("/").partition("/")
    hosts, credentials = _hosts(parts)
    if not hosts or not master or not (database or "0").isdigit():
        raise Invalid(f"{url!r}: write redis+sentinel://host:port,host:port/master/0.")
    asking = {
        "password": parse_qs(parts.query).get("sentinel_password", [None])[0],
        "socket_connect_timeout": _LOOK_SECONDS,
        "socket_timeout": _LOOK_SECONDS,
    }
    sentinels = _Sentinels(hosts, sentinel_kwargs=asking)
    found = sentinels.master_for(master, db=int(database or 0), **credentials, **_patience())
    return RedisCache(found, sentinels.sentinels)


def _cluster(url: str, parts: SplitResult) -> RedisCluster:
    hosts, credentials = _hosts(parts)
    if not hosts or parts.path.strip("/"):
        raise Invalid(f"{url!r}: write redis+cluster://host:port,host:port.")
    nodes = [ClusterNode(host, port) for host, port in hosts]
    return RedisCluster(
        startup_nodes=nodes, require_full_coverage=False, **credentials, **_patience()
    )


def _hosts(parts: SplitResult) -> tuple[list[tuple[str, int]], dict[str, Any]]:
    """Return the addresses, none where one is no address, and whom to sign in as."""
    told, _, addresses = parts.netloc.rpartition("@")
    user, _, password = told.partition(":")
    found = [address.rpartition(":") for address in addresses.split(",")]
    good = all(host and port.isdigit() for host, _, port in found)
    hosts = [(host, int(port)) for host, _, port in found] if good else []
    return hosts, {"username": user or None, "password": password or None}
