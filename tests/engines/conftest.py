"""Real engines for the tests below: each started once, when the first test asks for it."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

for name in ("tables", "objects", "cache", "log", "workspace", "process"):
    pytest.register_assert_rewrite(f"antiphon.testing.{name}_contract")

from antiphon.testing.engines import EMULATORS, ENGINES, CannotInstall, Engine  # noqa: E402 - see above

CACHE = Path(__file__).parents[2] / ".cache" / "engines"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.engines)


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Engine]]:
    """Return what gives a running engine by its name; the same one for all who only use it."""
    running: dict[str, Engine] = {}
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:

        def get(name: str) -> Engine:
            if name not in running:
                made = (ENGINES | EMULATORS)[name](tmp_path_factory.mktemp(name), CACHE)
                try:
                    running[name] = stack.enter_context(made)
                except CannotInstall as lack:
                    pytest.skip(str(lack))
                for variable, value in made.settings().items():
                    patch.setenv(variable, value)
            return running[name]

        yield get


@pytest.fixture
def own_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Engine]]:
    """Return what starts an engine for one test, that may be hurt."""
    with ExitStack() as stack:

        def start(name: str) -> Engine:
            made = ENGINES[name](tmp_path / name, CACHE)
            try:
                stack.enter_context(made)
            except CannotInstall as lack:
                pytest.skip(str(lack))
            for variable, value in made.settings().items():
                monkeypatch.setenv(variable, value)
            return made

        yield start


@pytest.fixture
def unique() -> str:
    """Return a name that no other test uses, for what lives in a shared engine."""
    return "t" + os.urandom(6).hex()
