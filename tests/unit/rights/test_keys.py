"""Content keys are made once, open only with what they were made for, and are never shown."""

import asyncio
import json
import stat
from io import StringIO
from pathlib import Path

import pytest
import structlog

from antiphon.kernel import FixedClock, RecordingId
from antiphon.rights import (
    ContentKey,
    DrmSignalling,
    KeysUnreadable,
    KeyVault,
    ProtectedKey,
    open_key_encryption,
)
from antiphon.rights.keys.store import CONTENT_KEYS, DATA_KEYS, KEY_STATE, KeyStore
from antiphon.storage import SetCell, open_tables
from antiphon.testing.children import child
from antiphon.testing.content_keys import RUNG, make_keys, rotate_keys, vault_in
from antiphon.testing.memory_tables import MemoryTables

SONG, OTHER = RecordingId("abcdefghijklmnop"), RecordingId("qrstuvwxyz234567")


def vault(folder: Path, tables: MemoryTables, protect: str = "labels", **more) -> KeyVault:
    encryption = open_key_encryption("", folder=folder)
    return KeyVault(tables, FixedClock(), encryption, protect=protect, **more)


async def test_what_a_label_delivered_is_protected_and_the_rest_is_not(tmp_path: Path) -> None:
    keys = vault(tmp_path, MemoryTables())
    assert await keys.content_key(SONG, "flac") is None
    await keys.protect([SONG])
    assert await keys.is_protected(SONG)
    assert await keys.content_key(SONG, "flac") is not None
    assert not await keys.is_protected(OTHER)
    assert await keys.content_key(OTHER, "flac") is None


async def test_the_setting_says_everything_or_nothing(tmp_path: Path) -> None:
    tables = MemoryTables()
    assert await vault(tmp_path, tables, "everything").content_key(OTHER, "flac") is not None
    nothing = vault(tmp_path, tables, "nothing")
    await nothing.protect([SONG])
    assert await nothing.content_key(SONG, "flac") is None
    assert list(await nothing.keys(OTHER)) == ["flac"]  # what is packaged already still plays


async def test_every_rung_has_its_own_key_and_keeps_it(tmp_path: Path) -> None:
    tables = MemoryTables()
    keys = vault(tmp_path, tables)
    await keys.protect([SONG])
    made = {rung: await keys.content_key(SONG, rung) for rung in ("flac", "aac-256")}
    again = vault(tmp_path, tables)
    assert dict(await again.keys(SONG)) == made
    flac, aac = made.values()
    assert flac is not None
    assert aac is not None
    assert len({flac.kid, aac.kid, flac.key, aac.key, flac.iv, aac.iv}) == 6


async def test_a_hundred_callers_at_once_get_one_key(tmp_path: Path) -> None:
    tables = open_tables(f"lmdb:{tmp_path}/tables")
    vaults = [vault_in(tmp_path, tables) for _ in range(5)]
    found = await asyncio.gather(*(vaults[n % 5].content_key(SONG, "flac") for n in range(100)))
    await tables.close()
    assert len(set(found)) == 1


async def test_a_rung_made_elsewhere_is_found_by_a_fresh_look(tmp_path: Path) -> None:
    tables = MemoryTables()
    here, there = vault(tmp_path, tables), vault(tmp_path, tables)
    await here.protect([SONG])
    await here.content_key(SONG, "flac")
    assert list(await there.keys(SONG)) == ["flac"]
    await here.content_key(SONG, "aac-64")
    assert list(await there.keys(SONG)) == ["flac"]
    assert set(await there.keys(SONG, fresh=True)) == {"flac", "aac-64"}


async def test_a_release_has_one_data_key(tmp_path: Path) -> None:
    tables = MemoryTables()
    keys = vault(tmp_path, tables)
    await keys.protect([SONG, OTHER], release="r1")
    for recording in (SONG, OTHER):
        await keys.content_key(recording, "flac")
    assert {name async for name, _ in KeyStore(tables).data_keys()} == {"canary", "release:r1"}


async def test_a_key_moved_to_another_recording_does_not_open(tmp_path: Path) -> None:
    tables = MemoryTables()
    keys = vault(tmp_path, tables)
    await keys.protect([SONG, OTHER], release="r1")
    await keys.content_key(SONG, "flac")
    row = await tables.read(CONTENT_KEYS, SONG.encode())
    stolen = SetCell("k", "flac", row.value("k", "flac"))
    await tables.mutate(CONTENT_KEYS, OTHER.encode(), [stolen])
    with pytest.raises(KeysUnreadable):
        await vault(tmp_path, tables).keys(OTHER)


async def test_a_data_key_under_another_name_does_not_open(tmp_path: Path) -> None:
    tables = MemoryTables()
    keys = vault(tmp_path, tables)
    await keys.protect([SONG, OTHER])
    await keys.content_key(SONG, "flac")
    await keys.content_key(OTHER, "flac")
    row = await tables.read(DATA_KEYS, f"recording:{SONG}".encode())
    moved = SetCell("d", "v", row.value("d", "v"))
    await tables.mutate(DATA_KEYS, f"recording:{OTHER}".encode(), [moved])
    with pytest.raises(KeysUnreadable):
        await vault(tmp_path, tables).keys(OTHER)


async def test_every_altered_bit_of_a_sealed_key_is_found(tmp_path: Path) -> None:
    tables = MemoryTables()
    keys = vault(tmp_path, tables)
    await keys.protect([SONG])
    await keys.content_key(SONG, "flac")
    whole = (await KeyStore(tables).row(SONG)).sealed["flac"].sealed
    row = await tables.read(CONTENT_KEYS, SONG.encode())
    raw = row.value("k", "flac")
    at = raw.index(whole)
    for bit in range(len(whole) * 8):
        altered = bytearray(raw)
        altered[at + bit // 8] ^= 1 << bit % 8
        await tables.mutate(CONTENT_KEYS, SONG.encode(), [SetCell("k", "flac", bytes(altered))])
        with pytest.raises(KeysUnreadable):
            await vault(tmp_path, tables).keys(SONG)


async def test_another_key_file_is_found_out_before_anything_is_wrapped(tmp_path: Path) -> None:
    tables = MemoryTables()
    first = vault(tmp_path / "a", tables, "everything")
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    await first.content_key(SONG, "flac")
    with pytest.raises(KeysUnreadable, match="key_encryption_before"):
        await vault(tmp_path / "b", tables, "everything").content_key(OTHER, "flac")
    assert (await first.keys(OTHER)) == {}


async def test_the_key_file_is_for_its_owner_only(tmp_path: Path) -> None:
    await vault(tmp_path, MemoryTables(), "everything").content_key(SONG, "flac")
    file = tmp_path / "key-encryption-keys"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_the_tables_hold_no_key_in_the_clear(tmp_path: Path) -> None:
    tables = MemoryTables()
    key = await vault(tmp_path, tables, "everything").content_key(SONG, "flac")
    rows = [
        cell.value
        for table in (CONTENT_KEYS, DATA_KEYS, KEY_STATE)
        for row in await tables.scan(table)
        for columns in row.families.values()
        for cell in columns.values()
    ]
    assert key is not None
    assert len(rows) > 2
    assert not [raw for raw in rows if key.key in raw or key.iv in raw]


async def test_no_key_reaches_a_log_or_an_exception(tmp_path: Path) -> None:
    kept = StringIO()
    structlog.configure(
        processors=[structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(kept),
    )
    try:
        keys = vault(tmp_path, MemoryTables(), "everything")
        key = await keys.content_key(SONG, "flac")
        assert key is not None
        structlog.get_logger().info("leak", key=key, held=ProtectedKey(key), all={"flac": key})
        await keys.rotate_kek()
    finally:
        structlog.reset_defaults()
    shown = kept.getvalue() + f"{key} {key!r} {ProtectedKey(key)!r}"
    assert "keys_rotated" in shown
    assert key.kid.hex() in shown
    for secret in (key.key, key.iv):
        for form in (repr(secret)[2:-1], secret.hex(), json.dumps(list(secret))):
            assert form not in shown
    with pytest.raises(ValueError, match="16 bytes") as refused:
        ContentKey(key.kid, key.key + b"x", key.iv)
    assert repr(key.key)[2:-1] not in str(refused.value)


async def test_what_a_key_server_says_is_kept_with_the_key(tmp_path: Path) -> None:
    said = DrmSignalling("94ce86fb-07ff-4f43-adb8-93d2fa968ca2", hls_media='#EXT-X-KEY:URI="skd"')

    class Server:
        async def new_key(self, _recording, _rung, kid) -> ProtectedKey:
            return ProtectedKey(ContentKey(kid, b"k" * 16, b"i" * 16), (said,))

    tables = MemoryTables()
    keys = vault(tmp_path, tables, "everything", source=Server())
    found = await keys.content_key(SONG, "flac")
    assert found is not None
    assert found.key == b"k" * 16
    assert await vault(tmp_path, tables).signalling(SONG, "flac") == (said,)
    assert await vault(tmp_path, tables).signalling(SONG, "aac-64") == ()


async def test_memory_for_keys_is_bounded(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("antiphon.rights.keys.vault._MOST_RECORDINGS", 10)
    monkeypatch.setattr("antiphon.rights.keys.vault._MOST_DATA_KEYS", 10)
    keys = vault(tmp_path, MemoryTables(), "everything")
    made = [await keys.content_key(RecordingId(f"r{n}"), "flac") for n in range(50)]
    assert len(keys._held) == 10
    assert len(keys._data_keys) == 10
    assert [(await keys.keys(RecordingId(f"r{n}")))["flac"] for n in range(50)] == made


async def test_a_rotation_wraps_data_keys_again_and_touches_no_content_key(tmp_path: Path) -> None:
    tables = MemoryTables()
    keys = vault(tmp_path, tables, "everything")
    made = {n: await keys.content_key(RecordingId(f"r{n}"), "flac") for n in range(20)}
    sealed = [dict(row.families) for row in await tables.scan(CONTENT_KEYS)]
    wrapped = [row.value("d", "v") for row in await tables.scan(DATA_KEYS)]
    done = await keys.rotate_kek()
    assert (done.generation, done.rewrapped, done.resumed) == (2, 21, False)
    assert [dict(row.families) for row in await tables.scan(CONTENT_KEYS)] == sealed
    after = [row.value("d", "v") for row in await tables.scan(DATA_KEYS)]
    assert not set(after) & set(wrapped)
    fresh = vault(tmp_path, tables, "everything")
    assert {n: (await fresh.keys(RecordingId(f"r{n}")))["flac"] for n in range(20)} == made


async def test_the_key_before_goes_only_with_the_next_rotation(tmp_path: Path) -> None:
    tables, file = MemoryTables(), tmp_path / "key-encryption-keys"
    clock = FixedClock()
    keys = KeyVault(tables, clock, open_key_encryption("", folder=tmp_path), protect="everything")
    await keys.content_key(SONG, "flac")
    seen = []
    for _ in range(3):
        clock.advance(seconds=60)
        await keys.rotate_kek()
        lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
        seen.append([int(line.split()[0]) for line in lines])
    assert seen == [[1, 2], [2, 3], [3, 4]]
    status = await keys.status()
    assert (status.generation, status.is_rotating, status.unopened) == (4, False, ())
    assert len(status.data_keys) == 1


async def test_what_was_wrapped_two_rotations_ago_is_read_anew(tmp_path: Path) -> None:
    """A process reads a data key, and before it opens it two rotations are done."""
    tables, clock = MemoryTables(), FixedClock()
    keys = KeyVault(tables, clock, open_key_encryption("", folder=tmp_path), protect="everything")
    made = await keys.content_key(SONG, "flac")
    slow = vault(tmp_path, tables, "everything")
    stored = slow._store.data_key

    async def two_rotations_later(name: str):
        found = await stored(name)
        slow._store.data_key = stored
        for _ in range(2):
            clock.advance(seconds=60)
            await keys.rotate_kek()
        return found

    slow._store.data_key = two_rotations_later
    assert (await slow.keys(SONG))["flac"] == made


async def test_rotations_in_a_hurry_drop_nothing_that_may_be_being_written(tmp_path: Path) -> None:
    tables, clock = MemoryTables(), FixedClock()
    encryption = open_key_encryption("", folder=tmp_path)
    keys = KeyVault(tables, clock, encryption, protect="everything")
    await keys.content_key(SONG, "flac")
    wrapped = await encryption.wrap(b"w" * 32)
    for _ in range(5):
        await keys.rotate_kek()
    assert await encryption.unwrap(wrapped) == b"w" * 32


async def test_an_interrupted_rotation_goes_on_where_it_was(tmp_path: Path, monkeypatch) -> None:
    tables = MemoryTables()
    keys = vault(tmp_path, tables, "everything")
    for n in range(10):
        await keys.content_key(RecordingId(f"r{n}"), "flac")
    calls = 0
    whole = KeyStore.swap_data_key

    async def dies(self, *arguments):
        nonlocal calls
        calls += 1
        if calls > 4:
            raise ConnectionError
        return await whole(self, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(KeyStore, "swap_data_key", dies)
        with pytest.raises(ConnectionError):
            await keys.rotate_kek()
    assert (await keys.status()).is_rotating
    done = await vault(tmp_path, tables, "everything").rotate_kek()
    assert (done.generation, done.rewrapped, done.resumed) == (2, 7, True)


async def test_forgotten_keys_are_gone_for_good_and_others_stay(tmp_path: Path) -> None:
    tables = MemoryTables()
    keys = vault(tmp_path, tables, "everything")
    before = await keys.content_key(SONG, "flac")
    kept = await keys.content_key(OTHER, "flac")
    await keys.forget([SONG])
    assert await keys.keys(SONG) == {}
    again = await keys.content_key(SONG, "flac")
    assert again != before
    assert (await vault(tmp_path, tables).keys(SONG))["flac"] == again
    assert (await vault(tmp_path, tables).keys(OTHER))["flac"] == kept


async def test_forgetting_one_recording_of_a_release_leaves_the_others(tmp_path: Path) -> None:
    tables = MemoryTables()
    keys = vault(tmp_path, tables)
    await keys.protect([SONG, OTHER], release="r1")
    await keys.content_key(SONG, "flac")
    kept = await keys.content_key(OTHER, "flac")
    await keys.forget([SONG])
    assert not await keys.is_protected(SONG)
    assert (await vault(tmp_path, tables).keys(OTHER))["flac"] == kept


@pytest.mark.slow
def test_every_key_opens_after_makers_and_rotations_were_killed(tmp_path: Path) -> None:
    told: dict[str, list[bytes]] = {}
    generations = []

    def saw_enough() -> bool:
        resumed = any(resumed for _, resumed in generations)
        return len(told) > 100 and len(generations) > 8 and resumed

    for number in range(80):  # a busy machine gets less far in each
        if number >= 8 and saw_enough():
            break
        with child(make_keys, str(tmp_path), f"r{number}") as maker:
            with child(rotate_keys, str(tmp_path)) as rotator:
                first = maker.next_fact()
                generations += rotator.facts_until_killed(after=0.05 + 0.04 * (number % 8))
            facts = [first, *maker.facts_until_killed(after=0.01)]
        told |= {recording: parts for recording, *parts in facts}

    async def check() -> tuple[int, bool]:
        tables = open_tables(f"lmdb:{tmp_path}/tables")
        keys = vault_in(tmp_path, tables)
        for recording, parts in told.items():
            key = (await keys.keys(RecordingId(recording)))[RUNG]
            assert [key.kid, key.key, key.iv] == parts
        await keys.rotate_kek()
        status = await keys.status()
        await tables.close()
        return len(status.unopened), status.is_rotating

    assert asyncio.run(check()) == (0, False)
    assert saw_enough()
