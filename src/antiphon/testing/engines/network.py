"""A network of this machine alone, whose members can be cut off: namespaces on one bridge."""

import os
import random
import subprocess
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from antiphon.testing.engines.installing import CannotInstall, program


class Network:
    """Members with an address each, reached from here by way of a bridge; needs root.

    A member that is cut off neither sends nor gets anything, and nobody is told: connections to
    it hang as they do when a cable is pulled.
    """

    def __init__(self, size: int) -> None:
        """Say how many members there are; nothing is made before it is entered."""
        chosen = random.SystemRandom()
        self._mark = f"an{chosen.randrange(16**4):04x}"
        self._subnet = f"10.{chosen.randrange(200, 255)}.{chosen.randrange(256)}"
        self._size = size

    def address(self, member: int) -> str:
        """Return the address of a member, counted from 0."""
        return f"{self._subnet}.{10 + member}"

    def inside(self, member: int) -> list[str]:
        """Return what a command is prefixed with to run at a member."""
        return [_ip(), "netns", "exec", self._link(member)]

    def cut(self, member: int) -> None:
        """Pull a member's cable."""
        _run("link", "set", self._link(member), "down")

    def join(self, member: int) -> None:
        """Plug it in again."""
        _run("link", "set", self._link(member), "up")

    def __enter__(self) -> Self:
        """Make it; ``CannotInstall`` where this process may not."""
        if os.geteuid() != 0:
            raise CannotInstall("network namespaces need root: run this as root.")
        try:
            self._make()
        except subprocess.CalledProcessError as fault:
            self._remove()
            raise CannotInstall(f"no network namespaces here: {fault.stderr.strip()}") from fault
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove it."""
        self._remove()

    def _make(self) -> None:
        _run("link", "add", self._mark, "type", "bridge")
        _run("address", "add", f"{self._subnet}.1/24", "dev", self._mark)
        _run("link", "set", self._mark, "up")
        for member in range(self._size):
            link = self._link(member)
            _run("netns", "add", link)
            peer = ["type", "veth", "peer", "name", "eth0", "netns", link]
            _run("link", "add", link, *peer)
            _run("link", "set", link, "master", self._mark, "up")
            _run("-n", link, "address", "add", f"{self.address(member)}/24", "dev", "eth0")
            _run("-n", link, "link", "set", "eth0", "up")
            _run("-n", link, "link", "set", "lo", "up")

    def _remove(self) -> None:
        for member in range(self._size):
            _run("netns", "delete", self._link(member), check=False)
        _run("link", "delete", self._mark, check=False)

    def _link(self, member: int) -> str:
        return f"{self._mark}n{member}"


def _ip() -> str:
    return program("ip", "iproute2")


def _run(*arguments: str, check: bool = True) -> None:
    command: Sequence[str] = [_ip(), *arguments]
    subprocess.run(command, check=check, capture_output=True, text=True)  # noqa: S603 - ours
