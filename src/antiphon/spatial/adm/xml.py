"""Reading the XML of a master: what lies in audioFormatExtended, element by element.

No DTD, no entities, bounded depth and size. ``on_element`` gets each child of audioFormatExtended;
the blocks of a channel are handed out one by one, so that memory does not follow their number.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from antiphon.spatial.errors import MasterUnreadable

MAX_DEPTH: Final = 32
MAX_TEXT: Final = 64 * 1024
MAX_ELEMENTS: Final = 20_000_000
MAX_HELD: Final = 1_000_000
_ROOT: Final = "audioFormatExtended"
_BLOCK: Final = "audioBlockFormat"


@dataclass(slots=True)
class Node:
    """One element; names without prefix."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    children: "list[Node]" = field(default_factory=list)

    def every(self, name: str) -> "Iterator[Node]":
        """Yield the children of that name."""
        return (child for child in self.children if child.name == name)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of the children of that name, without white space around them."""
        return tuple(child.text.strip() for child in self.every(name))

    def text_of(self, name: str) -> str | None:
        """Return the text of the first child of that name."""
        return next(iter(self.texts(name)), None)


class ElementReader:
    """Feeds on a document; hands out elements and, before their channel, its blocks."""

    def __init__(
        self,
        on_element: Callable[[Node], None],
        on_block: Callable[[Node, Node], None],
    ) -> None:
        """``on_block(channel, block)`` is called while the channel's own element is still open."""
        self._on_element = on_element
        self._on_block = on_block
        self._stack: list[Node] = []
        self._depth = 0
        self._inside = False
        self._found = False
        self._count = 0
        self._held = 0
        self.root_attributes: dict[str, str] = {}
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._parser.EntityDeclHandler = self._refuse_doctype

    def read(self, raw: bytes) -> None:
        """Read the whole document; raise ``MasterUnreadable`` where it is none."""
        try:
            self._parser.Parse(raw.rstrip(b"\0 \r\n\t"), True)
        except expat.ExpatError as fault:
            raise MasterUnreadable(
                f"axml, line {fault.lineno}: not well-formed XML ({expat.ErrorString(fault.code)})."
            ) from fault
        if not self._found:
            raise MasterUnreadable(f"axml: there is no {_ROOT}, so nothing says what sounds where.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._count += 1
        if self._depth > MAX_DEPTH or self._count > MAX_ELEMENTS or self._held > MAX_HELD:
            self._refuse("it is nested too deep or has too many elements.")
        local = name.rpartition(":")[2]
        if not self._inside:
            self._inside = local == _ROOT
            if self._inside:
                self._found, self.root_attributes = True, attributes
            return
        self._held += 1
        self._stack.append(Node(local, attributes))

    def _end(self, _name: str) -> None:
        self._depth -= 1
        if not self._inside:
            return
        if not self._stack:
            self._inside = False
            return
        node = self._stack.pop()
        if not self._stack:
            self._on_element(node)
            self._held = 0
        elif node.name == _BLOCK and len(self._stack) == 1:
            self._on_block(self._stack[0], node)
            self._held = len(self._stack[0].children)
        else:
            self._stack[-1].children.append(node)

    def _text(self, text: str) -> None:
        if self._stack:
            node = self._stack[-1]
            node.text += text
            if len(node.text) > MAX_TEXT:
                self._refuse(f"a text has over {MAX_TEXT} characters.")

    def _refuse_doctype(self, *_: object) -> None:
        self._refuse("it declares a document type or entities: export it without.")

    def _refuse(self, why: str) -> None:
        raise MasterUnreadable(f"axml, line {self._parser.CurrentLineNumber}: {why}")
