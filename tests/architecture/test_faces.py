"""A room is entered by its face: its ``__init__``, or its ``events``."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "antiphon"
ROOMS = sorted(p.name for p in PACKAGE.iterdir() if (p / "__init__.py").exists())


def imports(file: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.lineno, node.module
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)


@pytest.mark.parametrize("room", ROOMS)
def test_other_rooms_are_entered_by_their_faces(room: str) -> None:
    trespasses = []
    for file in sorted((PACKAGE / room).rglob("*.py")):
        for line, module in imports(file):
            parts = module.split(".")
            if parts[0] != "antiphon" or len(parts) < 3 or parts[1] == room:
                continue
            if parts[2:] != ["events"]:
                trespasses.append(f"{file.relative_to(ROOT)}:{line} imports {module}")
    assert trespasses == []


@pytest.mark.parametrize("room", [r for r in ROOMS if r != "app"])
def test_every_face_lists_what_it_shows_in_order(room: str) -> None:
    tree = ast.parse((PACKAGE / room / "__init__.py").read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            names = ast.literal_eval(node.value)
            constants = [n for n in names if n.isupper()]
            classes = [n for n in names if n[0].isupper() and not n.isupper()]
            others = [n for n in names if not n[0].isupper()]
            assert names == sorted(constants) + sorted(classes) + sorted(others)
            return
    pytest.fail(f"antiphon.{room} has no __all__")
