"""A SPEKE v2.0 key server on loopback, written from the protocol and not from our client.

It parses with the standard library, derives keys from the content id and key id, and refuses with
the protocol's texts. ``faults`` are played one after another before it answers as it should.
"""

import base64
import hashlib
import hmac
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID
from xml.etree import ElementTree as ET

CPIX = "{urn:dashif:org:cpix}"
FAIRPLAY = "94ce86fb-07ff-4f43-adb8-93d2fa968ca2"
WIDEVINE = "edef8ba9-79d6-4ace-a3c8-27dcd51d21ed"
PLAYREADY = "9a04f079-9840-4286-ab92-e65be0885f95"
_SCHEMES = {FAIRPLAY: {"cbcs"}, WIDEVINE: {"cenc", "cbcs"}, PLAYREADY: {"cenc", "cbcs"}}
_ANSWER = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<cpix:CPIX contentId="{content}" version="2.3" xmlns:cpix="urn:dashif:org:cpix"'
    ' xmlns:pskc="urn:ietf:params:xml:ns:keyprov:pskc">'
    "<cpix:ContentKeyList>{keys}</cpix:ContentKeyList>"
    "<cpix:DRMSystemList>{systems}</cpix:DRMSystemList>"
    "<cpix:ContentKeyUsageRuleList>{rules}</cpix:ContentKeyUsageRuleList></cpix:CPIX>"
)


@dataclass
class Reply:
    """What is sent back; a fault may change all of it."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    hang_up: bool = False


Fault = Callable[[Reply], None]


class SpekeTestServer:
    """What the server knows, was asked, and is to do wrong next."""

    def __init__(self) -> None:
        self.secret = b"a key server's own secret"
        self.token = "Bearer let-me-in"  # noqa: S105 - of a server for tests
        self.asked: list[tuple[dict[str, str], str]] = []
        self.faults: list[Fault] = []
        self.stopping = threading.Event()
        self.url = ""

    def key(self, content: str, kid: str) -> bytes:
        """Return the key for these ids, the same every time."""
        return hmac.digest(self.secret, f"{content}/{kid}".encode(), "sha256")[:16]

    def reply(self, headers: dict[str, str], body: str) -> Reply:
        """Answer a request as the protocol has it."""
        self.asked.append((headers, body))
        if headers.get("authorization") != self.token:
            return Reply(401, body=b"Who are you?")
        said = self._refusal(headers, body)
        version = {"X-Speke-Version": headers.get("x-speke-version", "")}
        if said:
            return Reply(422, version, said.encode())
        agent = {
            "X-Speke-User-Agent": "antiphon test key server",
            "Content-Type": "application/xml",
        }
        return Reply(200, version | agent, self._answer(body).encode())

    def _refusal(self, headers: dict[str, str], body: str) -> str:
        if headers.get("x-speke-version") != "2.0":
            return "Unsupported SPEKE version"
        root = ET.fromstring(body)  # noqa: S314 - our own requests, on loopback
        if not root.get("contentId"):
            return "Missing CPIX@contentId"
        if not root.get("version"):
            return "Missing CPIX@version"
        if root.get("version") != "2.3":
            return "Unsupported CPIX@version"
        return _scheme_refusal(root) or _contract_refusal(root)

    def _answer(self, body: str) -> str:
        root = ET.fromstring(body)  # noqa: S314 - our own requests, on loopback
        content = root.get("contentId", "")
        keys = "".join(self._key_element(content, node) for node in root.iter(CPIX + "ContentKey"))
        systems = "".join(_system_element(content, node) for node in root.iter(CPIX + "DRMSystem"))
        rules = re.search(
            r"<cpix:ContentKeyUsageRuleList>(.*)</cpix:ContentKeyUsageRuleList>", body, re.DOTALL
        )
        return _ANSWER.format(
            content=content, keys=keys, systems=systems, rules=rules[1] if rules else ""
        )

    def _key_element(self, content: str, node: ET.Element) -> str:
        kid, vector = node.get("kid", ""), node.get("explicitIV", "")
        explicit = f' explicitIV="{vector}"' if vector else ""
        value = _base64(self.key(content, kid))
        return (
            f'<cpix:ContentKey kid="{kid}" commonEncryptionScheme='
            f'"{node.get("commonEncryptionScheme")}"{explicit}><cpix:Data><pskc:Secret>'
            f"<pskc:PlainValue>{value}</pskc:PlainValue>"
            "</pskc:Secret></cpix:Data></cpix:ContentKey>"
        )


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that have gone."""


@contextmanager
def speke_server() -> Iterator[SpekeTestServer]:
    """Serve on a free port of 127.0.0.1 until the block ends."""
    state = SpekeTestServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            reply = state.reply({k.lower(): v for k, v in self.headers.items()}, body)
            if state.faults:
                state.faults.pop(0)(reply)
            state.stopping.wait(reply.delay)
            if reply.hang_up:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = _Server(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/speke/v2.0/copyProtection"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        state.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


def pssh_box(system_id: str, content: str, kid: str) -> bytes:
    """Return a ``pssh`` box of version 0 with some data."""
    data = hashlib.sha256(f"{content}{kid}".encode()).digest()
    rest = b"pssh" + bytes(4) + UUID(system_id).bytes + len(data).to_bytes(4, "big") + data
    return (len(rest) + 4).to_bytes(4, "big") + rest


def _scheme_refusal(root: ET.Element) -> str:
    schemes = {}
    for node in root.iter(CPIX + "ContentKey"):
        kid = node.get("kid", "")
        schemes[kid] = node.get("commonEncryptionScheme", "")
        if not schemes[kid]:
            return f"Missing ContentKey@commonEncryptionScheme for KID {kid}"
    if len(set(schemes.values())) > 1:
        return "Non compliant ContentKey@commonEncryptionScheme combination"
    for node in root.iter(CPIX + "DRMSystem"):
        system = node.get("systemId", "")
        if schemes.get(node.get("kid", "")) not in _SCHEMES.get(system, set()):
            return f"ContentKey@commonEncryptionScheme non compatible with DRMSystem {system}"
    return ""


def _contract_refusal(root: ET.Element) -> str:
    rules = list(root.iter(CPIX + "ContentKeyUsageRule"))
    if not any(len(rule) for rule in rules):
        return "Missing CPIX encryption contract"
    if {rule.get("kid") for rule in rules} != {
        n.get("kid") for n in root.iter(CPIX + "ContentKey")
    }:
        return "Malformed encryption contract"
    if any(rule.get("intendedTrackType") not in {"AUDIO", "STEREO_AUDIO"} for rule in rules):
        return "Requested CPIX encryption contract not supported"
    return ""


def _system_element(content: str, node: ET.Element) -> str:
    system, kid = node.get("systemId", ""), node.get("kid", "")
    box = _base64(pssh_box(system, content, kid))
    uri = f"skd://{content}/{kid}" if system == FAIRPLAY else f"data:text/plain;base64,{box}"
    attributes = f'METHOD=SAMPLE-AES,URI="{uri}",KEYFORMAT="{_FORMATS[system]}"'
    protection = f'<cenc:pssh xmlns:cenc="urn:mpeg:cenc:2013">{box}</cenc:pssh>'
    parts = {
        "PSSH": box,
        "ContentProtectionData": _base64(protection.encode()),
        "media": _base64(f"#EXT-X-KEY:{attributes}".encode()),
        "master": _base64(f"#EXT-X-SESSION-KEY:{attributes}".encode()),
    }
    inner = ""
    for child in node:
        name = child.tag.removeprefix(CPIX)
        playlist = child.get("playlist")
        attribute = f' playlist="{playlist}"' if playlist else ""
        inner += f"<cpix:{name}{attribute}>{parts[playlist or name]}</cpix:{name}>"
    return f'<cpix:DRMSystem kid="{kid}" systemId="{system}">{inner}</cpix:DRMSystem>'


_FORMATS = {
    FAIRPLAY: "com.apple.streamingkeydelivery",
    WIDEVINE: f"urn:uuid:{WIDEVINE}",
    PLAYREADY: "com.microsoft.playready",
}


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
