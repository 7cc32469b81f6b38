"""The certified provider of ``tools/openid-provider`` as a process, and people who sign in."""

import html
import json
import re
import select
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey, RSAKey

from .conftest import wait_until

FOLDER = Path(__file__).parents[2] / "tools/openid-provider"
_STEPS = 12
_ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Peer:
    """A running provider; ``tell`` sends it an order and returns its answer."""

    issuer: str
    process: subprocess.Popen[str]

    def tell(self, **order: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return _line(self.process)

    def rotate(self) -> None:
        """Have it sign by new keys from now on and publish no others."""
        rsa = RSAKey.generate_key(2048).as_dict(private=True, kid=uuid.uuid4().hex, use="sig")
        ec = ECKey.generate_key("P-256").as_dict(
            private=True, kid=uuid.uuid4().hex, use="sig", alg="ES256"
        )
        self.tell(keys=[rsa, ec])

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Return what of one kind has happened since anything was asked for last."""
        return [event for event in self.tell(events=True)["events"] if event["type"] == kind]


@contextmanager
def openid_peer(log: Path) -> Iterator[Peer]:
    """Run the provider until the end of the block; it has to end by itself, and well."""
    if not (FOLDER / "node_modules/oidc-provider").exists() or shutil.which("bash") is None:
        pytest.skip("npm's oidc-provider is not installed: make test")
    command = ["bash", "-c", ". ../node.sh && exec node provider.js"]
    with (
        log.open("ab") as sink,
        subprocess.Popen(
            command,
            cwd=FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=sink,
            text=True,
        ) as process,
    ):
        assert process.stdin is not None
        try:
            peer = Peer(_line(process)["issuer"], process)
            peer.rotate()
            wait_until(lambda: _answers(peer), what="the provider's metadata")
            yield peer
        finally:
            process.stdin.close()
            status = _ended(process)
    assert status == 0, f"see {log}"


def _line(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return the next answer, which is one line; a process that says nothing fails the test."""
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], _ANSWER_SECONDS)
    assert ready, f"the provider said nothing for {_ANSWER_SECONDS} s"
    line = process.stdout.readline()
    assert line, "the provider ended"
    told = json.loads(line)
    assert isinstance(told, dict)
    return told


def _ended(process: subprocess.Popen[str]) -> int:
    try:
        return process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


def _answers(peer: Peer) -> bool:
    try:
        told = httpx.get(f"{peer.issuer}/.well-known/openid-configuration")
    except httpx.TransportError:
        return False
    return bool(told.json()["issuer"] == peer.issuer)


def answered(
    url: str, *, back_to: str, login: str = "kim", allows: bool = True
) -> tuple[str, dict[str, str]]:
    """Sign in at the provider as a browser would; return the redirect address and what it got."""
    with httpx.Client(follow_redirects=False, timeout=20) as browser:
        answer = browser.get(url)
        for _ in range(_STEPS):
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["location"])
                if target.startswith(back_to):
                    parts = urlsplit(target)
                    told = {n: v[0] for n, v in parse_qs(parts.query).items()}
                    return target.partition("?")[0], told
                answer = browser.get(target)
                continue
            action, fields = _form(answer)
            if action.startswith(back_to):
                return action, fields
            if not allows:
                answer = browser.get(action + "/abort")
                continue
            if fields["prompt"] == "login":
                fields |= {"login": login, "password": "any"}
            answer = browser.post(action, data=fields)
    raise AssertionError(f"the provider never came back: {answer.text[:2000]}")


def _form(answer: httpx.Response) -> tuple[str, dict[str, str]]:
    action = re.search(r'<form[^>]* action="([^"]+)"', answer.text)
    assert action, f"{answer.status_code} from {answer.url}: {answer.text[:2000]}"
    hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', answer.text)
    fields = {name: html.unescape(value) for name, value in hidden}
    return html.unescape(action.group(1)), fields
