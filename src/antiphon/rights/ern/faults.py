"""The list of what is wrong with a message: every fault, not only the first."""

from typing import Final, NoReturn

from antiphon.rights.ern.xml import CHILDREN, LINE, NAME, Element, Unreadable
from antiphon.rights.model import Fault, FaultFound

_MOST: Final = 1000


class Faults:
    """Collects faults, up to a thousand: a message with more is hopeless. And notes, as many."""

    def __init__(self) -> None:
        self.found: list[FaultFound] = []
        self.notes: list[str] = []

    def add(self, rule: Fault, path: str, line: int, detail: str) -> None:
        """Note one."""
        if len(self.found) < _MOST:
            self.found.append(FaultFound(rule, path, line, detail))

    def note(self, rule: Fault, path: str, line: int, detail: str) -> None:
        """Note what refuses nothing, and that whoever sent the message has to know."""
        if len(self.notes) < _MOST:
            self.notes.append(str(FaultFound(rule, path, line, detail)))

    def refuse(self, rule: Fault, path: str, line: int, detail: str) -> NoReturn:
        """Note one after which nothing more can be read."""
        raise Unreadable(FaultFound(rule, path, line, detail))

    def missing(self, what: str, path: str, line: int) -> None:
        """Note that something is not there."""
        self.add(Fault.MISSING, path, line, f"{what} is missing: add it.")

    def bad_value(self, name: str, value: str, wanted: str, path: str, line: int) -> None:
        """Note a value that says nothing."""
        detail = f"{value[:60]!r} is not {wanted}: correct it."
        self.add(Fault.BAD_VALUE, f"{path}/{name}", line, detail)

    def only_known(self, node: Element, path: str, known: frozenset[str]) -> None:
        """Note every child that no version of the standard has there."""
        if known.issuperset([child[NAME] for child in node[CHILDREN]]):
            return  # as mostly
        for child in node[CHILDREN]:
            if child[NAME] not in known:
                self.add(
                    Fault.UNKNOWN_ELEMENT,
                    f"{path}/{child[NAME]}",
                    child[LINE],
                    f"{node[NAME]} has no element {child[NAME]}: remove it or correct its name.",
                )
