"""Fetching engines by their packages' ordinary clients: Debian, Maven, Go modules, npm.

Versions are pinned here. What is fetched lies in one cache folder and is fetched once.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from antiphon.kernel import Unavailable

_FETCH_SECONDS = 900
_GO = "go1.26.0"
_GO_FETCHES_TOOLCHAINS = (1, 21)
_POM = """<project><modelVersion>4.0.0</modelVersion>
<groupId>antiphon</groupId><artifactId>{name}</artifactId><version>1</version>
<dependencies>{dependencies}</dependencies></project>
"""
_DEPENDENCY = (
    "<dependency><groupId>{}</groupId><artifactId>{}</artifactId><version>{}</version></dependency>"
)


class CannotInstall(Unavailable):
    """This machine lacks something that an engine needs; the message says what."""


def program(name: str, package: str) -> str:
    """Return the path of a program that a Debian package brings."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/go/bin")
    if found is None:
        raise CannotInstall(f"{name} is not installed: install the Debian package {package}.")
    return found


def jars(name: str, coordinates: Sequence[str], cache: Path) -> Path:
    """Return a folder with the jars of Maven coordinates and all they depend on."""
    folder = cache / f"{name}-{coordinates[0].rsplit(':', 1)[1]}"
    java(), program("mvn", "maven")
    with _once(folder) as missing:
        if missing:
            pom = folder.with_suffix(".pom.xml")
            pom.write_text(_pom(name, coordinates), "utf-8")
            target = f"-DoutputDirectory={folder}"
            goal = ["dependency:copy-dependencies", target, "-DincludeScope=runtime"]
            _run([program("mvn", "maven"), "-q", "-B", "-f", str(pom), *goal], cache)
    return folder


def go_tool(package: str, version: str, cache: Path) -> Path:
    """Return a program built from a Go module, ``package@version``."""
    home = cache / f"{package.rsplit('/', 1)[1]}-{version}"
    with _once(home) as missing:
        if missing:
            # The toolchain that a module asks for comes by the same proxy.
            environment = {"GOBIN": str(home), "GOFLAGS": "-buildvcs=false", "GOTOOLCHAIN": "auto"}
            _run([_go(cache), "install", f"{package}@{version}"], cache, environment)
    return home / package.rsplit("/", 1)[1]


def npm_tool(package: str, version: str, cache: Path) -> Path:
    """Return the folder of the programs that an npm package brings."""
    home = cache / f"{package}-{version}"
    with _once(home) as missing:
        if missing:
            quiet = ["--no-save", "--no-audit", "--no-fund", "--loglevel=error"]
            where = ["--prefix", str(home), f"{package}@{version}"]
            _run([node("npm"), "install", *quiet, *where], cache, {"PATH": _with_wheel()})
    return home / "node_modules" / ".bin"


def node(name: str = "node") -> str:
    """Return the path of Node, or of what comes with it: the machine's, or that of our wheel."""
    found = shutil.which(name) or shutil.which(name, path=_with_wheel())
    if found is None:
        raise CannotInstall(f"{name} is not installed: install the Debian packages nodejs and npm.")
    return found


def _with_wheel() -> str:
    return f"{os.environ.get('PATH', '')}:{Path(sys.executable).parent}"


def java() -> str:
    """Return the path of the machine's Java."""
    return program("java", "default-jre-headless")


def _go(cache: Path) -> str:
    """Return a Go that fetches what a module asks for; Debian 12's is too old and fetches one."""
    go = program("go", "golang")
    told = re.fullmatch(r"go(\d+)\.(\d+).*", _run([go, "env", "GOVERSION"], cache).strip())
    if told is None or (int(told[1]), int(told[2])) >= _GO_FETCHES_TOOLCHAINS:
        return go
    platform = "-".join(_run([go, "env", "GOOS", "GOARCH"], cache).split())
    module = f"golang.org/toolchain@v0.0.1-{_GO}.{platform}"
    answer = msgspec.json.decode(_run([go, "mod", "download", "-json", module], cache))
    home = Path(answer["Dir"])
    for tool in [*home.glob("bin/*"), *home.glob("pkg/tool/*/*")]:
        tool.chmod(0o755)  # modules carry no execute bits
    return str(home / "bin" / "go")


def _pom(name: str, coordinates: Sequence[str]) -> str:
    dependencies = "".join(_DEPENDENCY.format(*c.split(":")) for c in coordinates)
    return _POM.format(name=name, dependencies=dependencies)


@contextmanager
def _once(folder: Path) -> Iterator[bool]:
    """Tell whether ``folder`` is still to be filled; one process at a time, whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder.with_suffix(".done")
        if done.exists():
            yield False
            return
        shutil.rmtree(folder, ignore_errors=True)
        yield True
        done.touch()


def _run(command: Sequence[str], folder: Path, environment: dict[str, str] | None = None) -> str:
    answer = subprocess.run(  # noqa: S603 - commands are ours
        command,
        cwd=folder,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        timeout=_FETCH_SECONDS,
        check=False,
    )
    if answer.returncode:
        said = (answer.stdout + answer.stderr)[-1500:].decode("utf-8", "replace")
        raise CannotInstall(f"{Path(command[0]).name} could not fetch it:\n{said}")
    return answer.stdout.decode("utf-8", "replace")
