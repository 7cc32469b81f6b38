"""Messages checked by the standard's own schemas, where the operator has them.

The XSDs are licensed by DDEX separately, so none come along. Needs the package ``lxml``
(``antiphon[schemas]``). A message has been read by our own reader before: it has no DTD, no
entities, and bounded depth.
"""

from pathlib import Path
from typing import Any, Final

from antiphon.kernel import Invalid
from antiphon.rights.model import Fault, FaultFound

MOST_BYTES: Final = 64 * 1024 * 1024  # a whole tree is made of it, several times as large
_MOST_FAULTS: Final = 200
_MOST_DETAIL: Final = 400
_SCHEMA: Final = "{http://www.w3.org/2001/XMLSchema}schema"


class Schemas:
    """The XSD files below a folder, by the namespace that each is for."""

    def __init__(self, folder: Path) -> None:
        """Find the schemas. ``Invalid`` where there is none, or without the package."""
        try:
            from lxml import etree  # noqa: PLC0415 - an optional dependency
        except ImportError as fault:
            raise Invalid(
                "schemas need the package lxml: pip install 'antiphon[schemas]'."
            ) from fault
        self._etree: Any = etree
        self._files = self._found(folder)
        self._compiled: dict[str, Any] = {}
        if not self._files:
            raise Invalid(f"{folder}: there is no XSD file here or below.")

    def check(self, file: Path, where: str) -> tuple[list[FaultFound], str]:
        """Return what a message breaks, and a note where no schema is for it."""
        if file.stat().st_size > MOST_BYTES:
            return [], f"{where}: too large to be checked by a schema."
        try:
            tree = self._etree.parse(str(file), self._parser())
        except self._etree.XMLSyntaxError:
            return [], f"{where}: not checked by a schema: it is not well-formed."
        space = self._etree.QName(tree.getroot()).namespace or ""
        schema = self._schema(space)
        if schema is None:
            return [], f"{where}: no schema here is for {space or 'no namespace'}."
        schema.validate(tree)
        return [self._fault(where, entry) for entry in list(schema.error_log)[:_MOST_FAULTS]], ""

    def _schema(self, space: str) -> Any:
        if space not in self._compiled:
            file = self._files.get(space)
            self._compiled[space] = None if file is None else self._compile(file)
        return self._compiled[space]

    def _compile(self, file: Path) -> Any:
        try:
            return self._etree.XMLSchema(self._etree.parse(str(file), self._parser()))
        except self._etree.LxmlError as fault:
            raise Invalid(f"{file}: this schema cannot be used: {fault}.") from fault

    def _found(self, folder: Path) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for file in sorted(folder.rglob("*.[xX][sS][dD]")):
            try:
                root = self._etree.parse(str(file), self._parser()).getroot()
            except (OSError, self._etree.LxmlError):
                continue
            space = root.get("targetNamespace")
            # A schema in several files: the one that defines a message is the one to begin with.
            if root.tag == _SCHEMA and space and any(e.tag.endswith("}element") for e in root):
                found.setdefault(space, file)
        return found

    def _parser(self) -> Any:
        return self._etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
        )

    @staticmethod
    def _fault(where: str, entry: Any) -> FaultFound:
        detail = " ".join(str(entry.message).split())[:_MOST_DETAIL]
        return FaultFound(Fault.SCHEMA, f"{where}{entry.path or ''}", entry.line, detail)
