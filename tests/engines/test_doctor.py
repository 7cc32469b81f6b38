"""``antiphon doctor`` on real engines: what they are, and what is wrong with them."""

import warnings
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cassandra.cluster import Cluster
from confluent_kafka.admin import AdminClient
from google.cloud.bigtable.client import Client
from google.cloud.bigtable.column_family import MaxVersionsGCRule
from redis import Redis

from antiphon.app.doctor import Finding, examine
from antiphon.app.serving import prepare_data
from antiphon.app.settings import Settings
from antiphon.testing.engines import Engine

Running = Callable[[str], Engine]


def settings(data: Path, **engines: str) -> Settings:
    chosen = Settings(data=str(data), **engines)  # type: ignore[arg-type]  # all are texts
    prepare_data(chosen)
    return chosen


async def found(subject: str, chosen: Settings) -> list[Finding]:
    return [f for f in await examine(chosen) if f.subject == subject]


def at(engine: Engine, path: str) -> str:
    return urlsplit(engine.url)._replace(path=path).geturl()


async def test_every_engine_says_what_it_is(engine: Running, unique: str, tmp_path: Path) -> None:
    chosen = settings(
        tmp_path,
        tables=at(engine("cassandra"), f"/{unique}"),
        objects=engine("s3").url,
        cache=engine("redis").url,
        events=at(engine("kafka"), f"/{unique}"),
        workspace=engine("hdfs").url,
    )
    findings = await examine(chosen)
    assert all(f.ok for f in findings), findings
    told = " ".join(f.detail for f in findings)
    for product in ("Cassandra 5.", "S3, VERSITYGW", "Kafka, 1 broker", "Redis 7.", "HDFS 3."):
        assert product in told
    cared = {f.subject for f in findings if f.needs_care}
    # Redis' memory has no bound, and no server has made this machine's index yet.
    assert cared == {"cache", "search"}, findings


async def test_rights_that_lack_are_named_by_what_could_not_be_done(
    own_engine: Running, tmp_path: Path
) -> None:
    redis = own_engine("redis")
    at_ = urlsplit(redis.url)
    with Redis.from_url(redis.url) as client:
        client.execute_command(
            "ACL", "SETUSER", "reader", "on", ">word", "~*", "&*", "+@read", "+ping"
        )
    [finding] = await found("cache", settings(tmp_path, cache=f"redis://reader:word@{at_.netloc}"))
    assert not finding.ok
    assert "cannot set" in finding.detail
    assert "word" not in finding.detail


async def test_wrong_credentials_are_told_apart_from_silence(
    engine: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = engine("s3")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    [finding] = await found("objects", settings(tmp_path, objects=s3.url))
    assert not finding.ok
    assert "cannot write an object" in finding.detail
    assert "check its credentials" in finding.detail


async def test_a_table_that_lacks_a_column_is_named(
    engine: Running, unique: str, tmp_path: Path
) -> None:
    cassandra = engine("cassandra")
    chosen = settings(tmp_path, tables=at(cassandra, f"/{unique}"))
    await examine(chosen)
    where = urlsplit(cassandra.url)
    cluster = Cluster([where.hostname], port=where.port, protocol_version=4)
    try:
        cluster.connect().execute(f"ALTER TABLE {unique}.rows ADD later text")
    finally:
        cluster.shutdown()
    told = [f.detail for f in await found("tables", chosen) if f.needs_care]
    assert f"{unique}.rows has later, unknown here: a newer version made it." in told


async def test_a_family_that_keeps_old_versions_is_named(
    engine: Running, unique: str, tmp_path: Path
) -> None:
    chosen = settings(tmp_path, tables=f"{engine('bigtable').url}/{unique}")
    first = await found("tables", chosen)
    assert "Bigtable emulator, 1 tables with 2 families" in first[0].detail
    assert [f.detail for f in first if "family" in f.detail] == []
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Connecting to Bigtable emulator", RuntimeWarning)
        table = Client(project="antiphon", admin=True).instance("desk").table(f"{unique}-doctor")
        table.column_family("d", MaxVersionsGCRule(3)).update()
        table.column_family("old").create()
    told = [f.detail for f in await found("tables", chosen) if f.needs_care]
    assert any(f"{unique}-doctor: the family d keeps 3 versions" in line for line in told), told
    assert any("the family old keeps every version" in line for line in told), told


async def test_masters_that_other_machines_do_not_see_are_told_of(
    engine: Running, unique: str, tmp_path: Path
) -> None:
    chosen = settings(tmp_path, events=at(engine("kafka"), f"/{unique}"))
    told = [f.detail for f in await found("workspace", chosen) if f.needs_care]
    assert told, "masters in this machine's own folder"


async def test_an_engine_that_hangs_is_told_within_its_deadline(
    own_engine: Running, tmp_path: Path
) -> None:
    redis = own_engine("redis")
    chosen = settings(tmp_path, cache=redis.url)
    redis.pause()
    try:
        [finding] = await found("cache", chosen)
    finally:
        redis.resume()
    assert not finding.ok


async def test_the_doctor_leaves_nothing_behind(
    engine: Running, unique: str, tmp_path: Path
) -> None:
    kafka = engine("kafka")
    chosen = settings(tmp_path, events=at(kafka, f"/{unique}"))
    for _ in range(2):
        [finding] = await found("events", chosen)
        assert finding.ok, finding
    topics = AdminClient({"bootstrap.servers": urlsplit(kafka.url).netloc}).list_topics(timeout=10)
    assert [t for t in topics.topics if t.startswith(unique)] == [f"{unique}.doctor"]
