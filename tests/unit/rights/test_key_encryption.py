"""Whatever wraps keys gives them back, refuses what is not its own, and says when it cannot."""

import sys
from pathlib import Path

import pyrage
import pytest

from antiphon.kernel import FixedClock, Invalid, RecordingId
from antiphon.rights import KeysUnavailable, KeysUnreadable, KeyVault, open_key_encryption
from antiphon.rights.keys.key_command import CommandKeyEncryption
from antiphon.rights.keys.wrapping import Wrapped
from antiphon.testing.memory_tables import MemoryTables

SONG = RecordingId("abcdefghijklmnop")
PLAIN = bytes(range(48))

# A key management service in small: it knows one key, checks what it unwraps, and nothing else.
SERVICE = """
import base64, hashlib, hmac, os, sys
key = open(sys.argv[1], "rb").read()
given = base64.b64decode(sys.stdin.readline())
def stream(nonce):
    return hashlib.shake_256(key + nonce).digest(4096)
def mixed(text, nonce):
    return bytes(a ^ b for a, b in zip(text, stream(nonce)))
if sys.argv[2] == "wrap":
    nonce = os.urandom(16)
    text = nonce + mixed(given, nonce)
    answer = text + hmac.digest(key, text, "sha256")
else:
    text, tag = given[:-32], given[-32:]
    if not hmac.compare_digest(tag, hmac.digest(key, text, "sha256")):
        sys.exit(1)
    answer = mixed(text[16:], text[:16])
print(base64.b64encode(answer).decode())
"""


def age_file(folder: Path, *identities: object) -> str:
    file = folder / "identities.txt"
    file.write_text("# created: today\n" + "".join(f"{identity}\n" for identity in identities))
    return f"age:{file}"


def command(folder: Path, name: str = "kms", script: str = SERVICE) -> str:
    program, key = folder / f"{name}.py", folder / f"{name}.key"
    program.write_text(script)
    key.write_bytes(name.encode() * 4)
    return f"command:{sys.executable} {program} {key}"


def url_of(kind: str, folder: Path) -> str:
    if kind == "age":
        return age_file(folder, pyrage.x25519.Identity.generate())
    return command(folder) if kind == "command" else f"file:{folder}/kek"


@pytest.mark.parametrize("kind", ["file", "age", "command"])
async def test_what_was_wrapped_comes_back_and_is_not_in_the_wrapping(
    kind: str, tmp_path: Path
) -> None:
    url = url_of(kind, tmp_path)
    wrapped = await open_key_encryption(url, folder=tmp_path).wrap(PLAIN)
    again = open_key_encryption(url, folder=tmp_path)
    assert again.opens(wrapped.by)
    assert await again.unwrap(wrapped) == PLAIN
    assert PLAIN not in wrapped.blob
    assert wrapped.blob != (await again.wrap(PLAIN)).blob


@pytest.mark.parametrize("kind", ["file", "age", "command"])
async def test_an_altered_wrapping_is_refused(kind: str, tmp_path: Path) -> None:
    encryption = open_key_encryption(url_of(kind, tmp_path), folder=tmp_path)
    wrapped = await encryption.wrap(PLAIN)
    for at in (0, len(wrapped.blob) // 2, len(wrapped.blob) - 1):
        altered = bytearray(wrapped.blob)
        altered[at] ^= 1
        with pytest.raises(KeysUnreadable):
            await encryption.unwrap(Wrapped(wrapped.by, bytes(altered)))


@pytest.mark.parametrize("kind", ["file", "age"])
async def test_what_another_key_wrapped_is_refused(kind: str, tmp_path: Path) -> None:
    encryption = open_key_encryption(url_of(kind, tmp_path), folder=tmp_path)
    (tmp_path / "other").mkdir()
    other = open_key_encryption(url_of(kind, tmp_path / "other"), folder=tmp_path / "other")
    foreign = await other.wrap(PLAIN)
    assert not encryption.opens(foreign.by)
    with pytest.raises(KeysUnreadable):
        await encryption.unwrap(foreign)


@pytest.mark.parametrize("kind", ["file", "age", "command"])
async def test_a_vault_moves_from_one_kind_to_another(kind: str, tmp_path: Path) -> None:
    tables, clock = MemoryTables(), FixedClock()
    first = open_key_encryption("file:first", folder=tmp_path)
    keys = KeyVault(tables, clock, first, protect="everything")
    made = await keys.content_key(SONG, "flac")
    both = open_key_encryption(url_of(kind, tmp_path), "file:first", folder=tmp_path)
    assert (await KeyVault(tables, clock, both, protect="everything").rotate_kek()).rewrapped == 2
    (tmp_path / "first").unlink()
    alone = open_key_encryption(url_of_again(kind, tmp_path), folder=tmp_path)
    vault = KeyVault(tables, clock, alone, protect="everything")
    assert (await vault.keys(SONG))["flac"] == made
    assert (await vault.status()).unopened == ()


def url_of_again(kind: str, folder: Path) -> str:
    return f"age:{folder}/identities.txt" if kind == "age" else url_of(kind, folder)


async def test_a_new_age_identity_before_the_old_one_wraps_from_then_on(tmp_path: Path) -> None:
    old, new = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    encryption = open_key_encryption(age_file(tmp_path, old), folder=tmp_path)
    vault = KeyVault(MemoryTables(), FixedClock(), encryption, protect="everything")
    made = await vault.content_key(SONG, "flac")
    age_file(tmp_path, new, old)
    await vault.rotate_kek()
    age_file(tmp_path, new)
    status = await vault.status()
    assert status.data_keys == {f"age:{new.to_public()}": 2}
    assert (await vault.keys(SONG))["flac"] == made


async def test_of_two_commands_the_one_that_wrapped_it_opens_it(tmp_path: Path) -> None:
    old, new = command(tmp_path, "old"), command(tmp_path, "new")
    wrapped = await open_key_encryption(old, folder=tmp_path).wrap(PLAIN)
    with pytest.raises(KeysUnreadable):
        await open_key_encryption(new, folder=tmp_path).unwrap(wrapped)
    assert await open_key_encryption(new, old, folder=tmp_path).unwrap(wrapped) == PLAIN


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("import sys; sys.exit(3)", "status 3"),
        ("print('no base64 !')", "base64"),
        ("print()", "nothing"),
        ("import sys; sys.stdin.close(); sys.stdout.close()", "nothing"),
    ],
)
async def test_a_command_that_fails_says_so(script: str, why: str, tmp_path: Path) -> None:
    encryption = open_key_encryption(command(tmp_path, script=script), folder=tmp_path)
    with pytest.raises(KeysUnavailable, match=why):
        await encryption.wrap(PLAIN)


async def test_a_command_that_hangs_is_ended(tmp_path: Path) -> None:
    script = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
    url = command(tmp_path, script=script + "time.sleep(60)")
    encryption = CommandKeyEncryption(url.removeprefix("command:"), seconds=1.0)
    with pytest.raises(KeysUnavailable, match="1 s"):
        await encryption.wrap(PLAIN)
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text()}").exists()


async def test_a_missing_file_or_program_is_told_apart_from_a_wrong_one(tmp_path: Path) -> None:
    with pytest.raises(KeysUnavailable):
        await open_key_encryption("age:missing", folder=tmp_path).wrap(PLAIN)
    with pytest.raises(KeysUnavailable):
        await open_key_encryption("command:/does/not/exist", folder=tmp_path).wrap(PLAIN)
    (tmp_path / "empty").write_text("# nothing\n")
    with pytest.raises(Invalid, match="age-keygen"):
        await open_key_encryption("age:empty", folder=tmp_path).wrap(PLAIN)
    (tmp_path / "text").write_text("hello\n")
    with pytest.raises(KeysUnreadable, match="backup"):
        await open_key_encryption("file:text", folder=tmp_path).wrap(PLAIN)


@pytest.mark.parametrize("url", ["age:", "vault:x", "command:", "command:'", "plain"])
def test_a_url_that_names_nothing_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid):
        open_key_encryption(url, folder=tmp_path)


def test_without_its_package_age_says_what_to_install(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "pyrage", None)
    with pytest.raises(Invalid, match="pyrage"):
        open_key_encryption("age:file", folder=tmp_path)
