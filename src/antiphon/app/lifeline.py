"""No orphans: a child process ends when its parent is gone, however it went."""

import os
import signal
import threading
import time

_CHECK_SECONDS = 1.0


def end_with_parent() -> None:
    """Send this process SIGTERM as soon as the process that started it no longer exists."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_CHECK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
