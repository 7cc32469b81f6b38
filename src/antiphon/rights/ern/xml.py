"""Reading XML as a stream of records: no DTD, no entities, bounded depth, size and memory.

A message is a root, containers below it, and records in the containers. A record's elements are
gathered into one small tree and handed out when it ends, so that memory follows the largest
record, not the message. What is bounded is what memory is made of: the bytes of a tag or comment,
which expat holds until it ends; the tags, attributes and bytes of a record; the different names,
which are kept. The worst record takes less than 120 MB (``tests/unit/rights/test_xml_bounds.py``).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, BinaryIO, Final
from xml.parsers import expat

from antiphon.kernel import Corrupt
from antiphon.rights.model import Fault, FaultFound

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_DEPTH: Final = 40
MAX_RECORD_BYTES: Final = 16 * 1024 * 1024
MAX_RECORD_PARTS: Final = 400_000  # tags (two for an element, one for an empty one) and attributes
MAX_TOKEN_BYTES: Final = 2 * 1024 * 1024  # of one tag, comment or the like
MAX_NAMES: Final = 10_000
MAX_TEXT: Final = 64 * 1024
MAX_ATTRIBUTES: Final = 64
_CHUNK: Final = 64 * 1024

# An element is a list, not an object: a list is made in half the time.
NAME, ATTRIBUTES, TEXT, CHILDREN, LINE = range(5)
Element = list[Any]
_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class Unreadable(Corrupt):
    """The XML cannot be read, or holds what no message may hold."""

    code = "delivery_refused"

    def __init__(self, fault: FaultFound) -> None:
        super().__init__(str(fault), http_status=422)
        self.fault = fault


class RecordReader:
    """Hands out the root's attributes and each record; ``containers`` hold records, others are one.

    ``on_root(name, namespace_uri, attributes)`` comes first, ``on_record(parent, element, path)``
    for every record, in the order of the message.
    """

    def __init__(
        self,
        containers: frozenset[str],
        on_root: Callable[[str, str, dict[str, str]], None],
        on_record: Callable[[str, Element, str], None],
    ) -> None:
        self._containers = containers
        self._on_root = on_root
        self._on_record = on_record
        self._names: dict[str, str] = {}  # kept by the parser, so that each name is one value
        self._parser = expat.ParserCreate(intern=self._names)
        self._parser.buffer_text = True
        self._parser.buffer_size = _CHUNK
        self._parser.StartElementHandler = self._start
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.EntityDeclHandler = self._entity
        self._root = ""
        self._container = ""
        self._counts: dict[str, int] = {}
        self._stack: list[Element] = []
        self._parts = self._bytes = 0  # of the record, counted by the chunk
        self._start_within = self._starter_within()
        self._take_text = self._text  # bound once
        self._parser.EndElementHandler = self._ender()

    def read(self, source: BinaryIO) -> None:
        """Read the whole source; raise ``Unreadable`` at the first thing that cannot be."""
        total = 0
        try:
            while chunk := source.read(_CHUNK):
                total += len(chunk)
                if total > MAX_BYTES:
                    self._refuse(Fault.TOO_LARGE, f"a message has at most {MAX_BYTES} bytes.")
                self._parts += chunk.count(b"<") + chunk.count(b"=")
                self._bytes += len(chunk)
                self._parser.Parse(chunk, False)
                self._check_bounds(total)
                if not self._stack:
                    self._parts = self._bytes = 0
            self._parser.Parse(b"", True)
        except expat.ExpatError as fault:
            raise Unreadable(
                FaultFound(
                    Fault.NOT_WELL_FORMED,
                    self._where(),
                    fault.lineno,
                    f"this is not well-formed XML ({expat.ErrorString(fault.code)}): "
                    "send the whole file again.",
                )
            ) from fault
        finally:
            self._stack.clear()

    def _check_bounds(self, total: int) -> None:
        """Refuse what would take more memory than any message needs; ``total`` bytes were read."""
        over = ""
        if self._parts > MAX_RECORD_PARTS:
            over = f"one record has over {MAX_RECORD_PARTS} tags and attributes: split it."
        elif self._bytes > MAX_RECORD_BYTES:
            over = f"one record has over {MAX_RECORD_BYTES} bytes: split it."
        elif total - self._parser.CurrentByteIndex > MAX_TOKEN_BYTES:
            over = f"a tag or comment has over {MAX_TOKEN_BYTES} bytes: make it shorter."
        elif len(self._names) > MAX_NAMES:
            over = f"there are over {MAX_NAMES} different names of elements: correct them."
        if over:
            self._refuse(Fault.TOO_LARGE, over)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        prefix, _, local = name.rpartition(":")
        if not self._root:
            self._root = local
            space = attributes.get(f"xmlns:{prefix}" if prefix else "xmlns", "")
            self._on_root(local, space, attributes)
        elif not self._container and local in self._containers:
            self._container = local
        else:
            self._check_attributes(attributes)
            self._stack.append([local, attributes, "", [], self._parser.CurrentLineNumber])
            self._parser.StartElementHandler = self._start_within
            self._parser.CharacterDataHandler = self._take_text

    def _starter_within(self) -> Callable[[str, dict[str, str]], None]:
        """Return what takes an element of a record.

        That is what most of a message is: nothing more than needed, and names that are near.
        """
        stack, parser, take_text = self._stack, self._parser, self._text

        def start(name: str, attributes: dict[str, str]) -> None:
            if ":" in name:
                name = name.rpartition(":")[2]
            if len(stack) > MAX_DEPTH:
                self._refuse(Fault.FORBIDDEN_XML, f"elements are nested over {MAX_DEPTH} deep.")
            if attributes:
                self._check_attributes(attributes)
            # Most elements are leaves without attributes: one empty value stands for theirs.
            node: Element = [name, attributes or _NONE, "", (), parser.CurrentLineNumber]
            above = stack[-1]
            if above[CHILDREN]:
                above[CHILDREN].append(node)
            else:
                above[CHILDREN] = [node]
            stack.append(node)
            parser.CharacterDataHandler = take_text

        return start

    def _check_attributes(self, attributes: dict[str, str]) -> None:
        if len(attributes) > MAX_ATTRIBUTES:
            self._refuse(Fault.FORBIDDEN_XML, f"an element has over {MAX_ATTRIBUTES} attributes.")

    def _text(self, text: str) -> None:
        node = self._stack[-1]
        if node[CHILDREN]:
            return  # white space between elements; no element of a message has both
        if node[TEXT]:
            text = node[TEXT] + text
        if len(text) > MAX_TEXT:
            self._refuse(Fault.TOO_LARGE, f"a text has over {MAX_TEXT} characters.")
        node[TEXT] = text

    def _ender(self) -> Callable[[str], None]:
        """Return what takes an end tag."""
        stack, parser, leave = self._stack, self._parser, self._leave

        def end(_name: str) -> None:
            # What follows an end tag is white space between elements: nobody is called for it.
            parser.CharacterDataHandler = None
            if len(stack) > 1:
                stack.pop()
            else:
                leave()

        return end

    def _leave(self) -> None:
        """Leave a record and hand it out, or leave a container."""
        if not self._stack:
            self._container = ""
            return
        record = self._stack.pop()
        self._parts = self._bytes = 0
        self._parser.StartElementHandler = self._start
        parent = f"/{self._root}/{self._container}" if self._container else f"/{self._root}"
        path = f"{parent}/{record[NAME]}"
        count = self._counts.get(path, 0) + 1
        self._counts[path] = count
        self._on_record(self._container, record, f"{path}[{count}]")

    def _doctype(self, *_: object) -> None:
        self._refuse(
            Fault.FORBIDDEN_XML,
            "a message has no document type declaration and no entities: send it without.",
        )

    def _entity(self, *_: object) -> None:
        self._refuse(Fault.FORBIDDEN_XML, "a message declares no entities: send it without.")

    def _refuse(self, rule: Fault, detail: str) -> None:
        raise Unreadable(FaultFound(rule, self._where(), self._parser.CurrentLineNumber, detail))

    def _where(self) -> str:
        steps = [self._root, self._container, *(node[NAME] for node in self._stack)]
        return "/" + "/".join(step for step in steps if step)


def first(node: Element, name: str) -> Element | None:
    """Return the first child of that name."""
    for child in node[CHILDREN]:
        if child[NAME] == name:
            return child  # type: ignore[no-any-return]  # a list by construction
    return None


def every(node: Element, name: str) -> list[Element]:
    """Return all children of that name."""
    for child in node[CHILDREN]:
        if child[NAME] == name:
            return [child for child in node[CHILDREN] if child[NAME] == name]
    return []  # as mostly; a comprehension costs a frame


def text_of(node: Element | None, *names: str) -> str:
    """Return the text below ``names``, without white space around it; empty where there is none."""
    if node is None:
        return ""
    for name in names:
        for child in node[CHILDREN]:
            if child[NAME] == name:
                node = child
                break
        else:
            return ""
    return str(node[TEXT]).strip()
