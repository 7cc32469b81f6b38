"""Which recogniser an address means."""

from urllib.parse import urlsplit

from antiphon.kernel import Invalid
from antiphon.voice.recognition.pocketsphinx_recogniser import PocketsphinxRecogniser
from antiphon.voice.recognition.port import Recogniser
from antiphon.voice.recognition.wyoming_recogniser import WyomingRecogniser

__all__ = ["open_recogniser"]


def open_recogniser(url: str) -> Recogniser:
    """Return a recogniser for ``pocketsphinx:`` or ``wyoming://host:port``; else ``Invalid``."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as fault:
        raise Invalid(f"{url} is no address of a recogniser.") from fault
    if parts.scheme == "pocketsphinx":
        return PocketsphinxRecogniser()
    if parts.scheme == "wyoming" and host and port:
        return WyomingRecogniser(host, port)
    raise Invalid(f"{url} is no recogniser: use pocketsphinx: or wyoming://host:port.")
