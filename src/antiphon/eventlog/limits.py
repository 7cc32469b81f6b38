"""What every driver of the log takes and refuses."""

import re
from typing import Final

from antiphon.kernel import Invalid

MAX_PAYLOAD: Final = 1024 * 1024
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,100}\Z")


def check_name(name: str) -> bytes:
    """Return the bytes of a topic's or group's name; ``Invalid`` where it cannot be one."""
    if _NAME.match(name) is None:
        raise Invalid(f"{name!r} cannot name a topic or group.")
    return name.encode()
