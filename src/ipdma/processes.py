"""Whether the process that left a mark is still there."""

from __future__ import annotations

import hashlib
import os
import socket
from functools import cache


@cache
def host_mark() -> str:
    """Six hex digits for this machine: they tell machines apart and do not name them."""
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:6]


def is_alive(host: str, pid: int) -> bool:
    """Whether a process may still be there; one of another machine may."""
    if host != host_mark():
        return True
    if os.name == "nt":  # there, signal 0 ends a process
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
