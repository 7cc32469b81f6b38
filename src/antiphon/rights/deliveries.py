"""A delivery on disk: messages, what they name beside them, and whether it is what they say.

A delivery is a message file, or a folder with messages in it (or in each of its folders), with or
without a batch manifest. Nothing here writes.
"""

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from antiphon.rights.ern import Reading, read_message
from antiphon.rights.ern.schemas import Schemas
from antiphon.rights.ern.xml import LINE, NAME, Element, RecordReader, Unreadable, first, text_of
from antiphon.rights.model import DeliveredFile, Fault, FaultFound, Message

ACKNOWLEDGED: Final = ".ack.xml"
_SNIFFED: Final = 4096
_MOST_MESSAGES: Final = 10_000
_MOST_EXTRA: Final = 100
_MOST_NAME_BYTES: Final = 255
_CHUNK: Final = 1024 * 1024
_CONTROLS: Final = 32
_HASHES: Final = {"MD5", "SHA1", "SHA256", "SHA384", "SHA512"}
_ROOT: Final = re.compile(rb"<(?:[\w.-]+:)?(NewReleaseMessage|PurgeReleaseMessage|ManifestMessage)")


@dataclass(frozen=True, slots=True)
class DeliveredMessage:
    """A message of a delivery, with where its files are looked for."""

    path: Path
    digest: str
    reading: Reading

    @property
    def message(self) -> Message:
        """Return what it says."""
        return self.reading.message


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was found, with every fault; ``files`` has every named file that may be used."""

    folder: Path
    messages: tuple[DeliveredMessage, ...]
    faults: tuple[FaultFound, ...]
    notes: tuple[str, ...]
    files: dict[tuple[Path, str], Path]


@dataclass(slots=True)
class _Look:
    """A delivery as it is being looked through."""

    folder: Path
    faults: list[FaultFound]
    files: dict[tuple[Path, str], Path]
    named: set[Path]


def is_delivery(path: Path) -> bool:
    """Say whether a path is a label's delivery and no folder of music.

    A folder is one where it holds a message or a manifest, or where each of its folders does.
    """
    if path.is_file():
        return path.suffix.lower() == ".xml" and bool(_kind(path))
    if not path.is_dir():
        return False
    if _messages_in(path):
        return True
    folders = [f for f in path.iterdir() if f.is_dir() and not f.name.startswith(".")]
    return bool(folders) and all(_messages_in(f) for f in folders)


def open_delivery(
    path: Path, *, metadata_only: bool = False, schemas: Schemas | None = None, party: str = ""
) -> Delivery:
    """Read and check a delivery; with ``metadata_only`` its files are not looked for.

    ``schemas`` check each message as well, where one is for it; ``party`` is this service's own
    DDEX party id.
    """
    folder = path if path.is_dir() else path.parent
    look = _Look(folder, [], {}, set())
    notes: list[str] = []
    messages: list[DeliveredMessage] = []
    for file in _listed(path, look):
        delivered = _read(file, party)
        messages.append(delivered)
        where = str(file.relative_to(folder)) if file.is_relative_to(folder) else file.name
        look.faults += (_in_file(where, fault) for fault in delivered.reading.faults)
        notes += (f"{where}: {note}" for note in delivered.reading.notes)
        if schemas is not None:
            broken, note = schemas.check(file, where)
            look.faults += broken
            notes += [note] if note else []
        if not metadata_only:
            _check_files(delivered, where, look)
    if not messages and not look.faults:
        detail = "there is no message here: a delivery holds an ERN message as an .xml file."
        look.faults.append(FaultFound(Fault.MISSING, str(path.name), 0, detail))
    if path.is_dir() and not metadata_only:
        _check_extra(look)
    return Delivery(folder, tuple(messages), tuple(look.faults), tuple(notes), look.files)


def confined(folder: Path, name: str) -> Path | None:
    """Return the regular file below ``folder`` that a message names, or None if it leads out.

    Links are not followed, wherever they lead. A name is also looked for below ``resources``, where
    deliveries keep their files, and with ``%20`` and the like read as in an URI.
    """
    for told in dict.fromkeys((name, unquote(name, errors="strict") if "%" in name else name)):
        if not _is_plain(told):
            return None
        for candidate in (folder / told, folder / "resources" / told):
            if os.path.lexists(candidate):
                return candidate if _is_own(folder, candidate) else None
    return folder / name


def new_digest(algorithm: str) -> "hashlib._Hash":
    """Return what hashes by one of the algorithms that messages may use."""
    return hashlib.new(algorithm.lower(), usedforsecurity=False)


def _digest_of(path: Path, algorithm: str) -> str:
    """Return a file's hash as lower-case hex."""
    made = new_digest(algorithm)
    with path.open("rb") as source:
        os.posix_fadvise(source.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
        while chunk := source.read(_CHUNK):
            made.update(chunk)
    return made.hexdigest()


def _is_plain(name: str) -> bool:
    parts = name.split("/")
    return (
        bool(name)
        and not name.startswith("/")
        and "\\" not in name
        and ":" not in parts[0]
        and not any(ord(c) < _CONTROLS for c in name)
        and not any(p == ".." or len(os.fsencode(p)) > _MOST_NAME_BYTES for p in parts)
        and len(parts) <= _CONTROLS
    )


def _is_own(folder: Path, candidate: Path) -> bool:
    """Say whether a path is a regular file, and neither it nor a folder above it a link."""
    here = Path(os.path.normpath(candidate.relative_to(folder)))
    is_direct = candidate.resolve() == folder.resolve() / here
    return is_direct and stat.S_ISREG(candidate.lstat().st_mode)


def _listed(path: Path, look: _Look) -> list[Path]:
    """Return the messages of a delivery, as its manifest lists them where it has one."""
    if path.is_file():
        return [path]
    found = _messages_in(path)
    for below in sorted(f for f in path.iterdir() if f.is_dir() and not f.is_symlink()):
        found += _messages_in(below)
    for file in [f for f in found if not _is_own(path, f)]:
        found.remove(file)
        detail = "a message is a file, and not a link to one: send the file."
        look.faults.append(FaultFound(Fault.FILE_UNSAFE, file.name, 0, detail))
    if len(found) > _MOST_MESSAGES:
        detail = f"a delivery has at most {_MOST_MESSAGES} messages: send several."
        look.faults.append(FaultFound(Fault.TOO_LARGE, path.name, 0, detail))
        return []
    look.named |= set(found)
    manifests = [f for f in found if _kind(f) == "ManifestMessage"]
    messages = [f for f in found if f not in manifests]
    return _as_manifests_say(manifests, messages, look) if manifests else messages


def _as_manifests_say(manifests: list[Path], messages: list[Path], look: _Look) -> list[Path]:
    listed = [file for manifest in manifests for file in _of_manifest(manifest, look)]
    known = {f.resolve() for f in listed}
    for stranger in (f for f in messages if f.resolve() not in known):
        detail = "this message is not in the batch manifest: add it there or take it away."
        look.faults.append(FaultFound(Fault.MANIFEST, stranger.name, 0, detail))
    return listed


def _messages_in(folder: Path) -> list[Path]:
    """Return the messages and manifests that lie in a folder, by name."""
    found = [f for f in folder.glob("*.[xX][mM][lL]") if f.is_file()]
    return sorted(f for f in found if not f.name.endswith(ACKNOWLEDGED) and _kind(f))


def _kind(file: Path) -> str:
    """Return the name of a message's root, as far as its beginning shows one."""
    with file.open("rb") as opened:
        head = opened.read(_SNIFFED)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.decode("utf-16", "replace").encode()
    match = _ROOT.search(head)
    return match.group(1).decode() if match else ""


def _of_manifest(manifest: Path, look: _Look) -> list[Path]:
    """Return the messages that a batch manifest lists, each with the hash that it gives."""
    entries: list[tuple[Element, str]] = []
    try:
        with manifest.open("rb") as source:
            reader = RecordReader(
                frozenset(), lambda *_: None, lambda _, node, path: entries.append((node, path))
            )
            reader.read(source)
    except Unreadable as refused:
        look.faults.append(_in_file(manifest.name, refused.fault))
        return []
    told = next((text_of(e) for e, _ in entries if e[NAME] == "NumberOfMessages"), "")
    listed = [(e, path) for e, path in entries if e[NAME] == "MessageInBatch"]
    if told and told != str(len(listed)):
        detail = f"the manifest tells of {told} messages and lists {len(listed)}: correct it."
        look.faults.append(FaultFound(Fault.MANIFEST, manifest.name, 0, detail))
    found = [_listed_file(manifest, element, path, look) for element, path in listed]
    return list(dict.fromkeys(f for f in found if f is not None))


def _listed_file(manifest: Path, element: Element, path: str, look: _Look) -> Path | None:
    name = text_of(element, "URL") or text_of(element, "FileName")
    digest = first(element, "HashSum")
    algorithm = text_of(digest, "HashSumAlgorithmType") or text_of(digest, "Algorithm")
    value = text_of(digest, "HashSum") or text_of(digest, "HashSumValue")
    named = DeliveredFile(
        name, algorithm.upper().replace("-", ""), value.lower(), path, element[LINE]
    )
    files: dict[tuple[Path, str], Path] = {}
    _check_file(manifest.parent, named, manifest.name, files, look.faults)
    return files.get((manifest.parent, name))


def _read(file: Path, party: str) -> DeliveredMessage:
    with file.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
        source.seek(0)
        return DeliveredMessage(file, digest, read_message(source, party))


def _check_files(delivered: DeliveredMessage, where: str, look: _Look) -> None:
    """Look for everything that a message names, and note that it was named."""
    folder = delivered.path.parent
    for resource in delivered.message.resources.values():
        if resource.file is not None:
            _check_file(folder, resource.file, where, look.files, look.faults)
    for name in _all_names(delivered.message):
        path = confined(folder, name)
        if path is not None:
            look.named.add(path)


def _all_names(message: Message) -> Iterator[str]:
    yield from message.other_files
    for resource in message.resources.values():
        yield from resource.other_files
        if resource.file is not None:
            yield resource.file.path


def _check_file(
    folder: Path,
    named: DeliveredFile,
    where: str,
    files: dict[tuple[Path, str], Path],
    faults: list[FaultFound],
) -> None:
    """Find one file and compare its hash; it counts among ``files`` only if all is well."""

    def fault(rule: Fault, detail: str) -> None:
        faults.append(FaultFound(rule, f"{where}{named.at}", named.line, detail))

    path = confined(folder, named.path)
    shown = repr(named.path[:80])
    if path is None:
        fault(Fault.FILE_UNSAFE, f"{shown} leads out of the delivery, or is a link: send a file.")
    elif not path.exists():
        fault(Fault.FILE_MISSING, f"{shown} is not in the delivery: send it.")
    elif named.hash_algorithm and named.hash_algorithm not in _HASHES:
        told = ", ".join(sorted(_HASHES))
        fault(Fault.BAD_VALUE, f"{named.hash_algorithm!r} is no hash known here: use {told}.")
    elif named.hash_algorithm and _digest_of(path, named.hash_algorithm) != named.hash_value:
        fault(Fault.FILE_ALTERED, f"{shown} has another hash: send it again.")
    else:
        files[folder, named.path] = path


def _check_extra(look: _Look) -> None:
    """List files that nothing names; hidden and empty ones, and acknowledgements, are no matter."""
    extra = [f for f in _files_below(look.folder) if f not in look.named]
    for file in sorted(extra)[:_MOST_EXTRA]:
        detail = "no message names this file: name it or take it away."
        where = str(file.relative_to(look.folder))
        look.faults.append(FaultFound(Fault.FILE_EXTRA, where, 0, detail))


def _files_below(folder: Path) -> Iterable[Path]:
    for above, folders, names in os.walk(folder):
        folders[:] = [f for f in folders if not f.startswith(".")]
        for file in (Path(above, n) for n in names if not n.startswith(".")):
            if not file.name.endswith(ACKNOWLEDGED) and file.lstat().st_size:
                yield file


def _in_file(where: str, fault: FaultFound) -> FaultFound:
    return FaultFound(fault.rule, f"{where}{fault.path}", fault.line, fault.detail)
