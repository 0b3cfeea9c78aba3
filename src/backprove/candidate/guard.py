"""What a worker does to itself before it loads anything: limits, and descriptors out of the way."""

import contextlib
import os
import signal
import sys

from backprove.candidate import frames

FIRST_DESCRIPTOR = 100  # out of the way of code that closes or writes to low numbers
DEATH_SIGNAL, ADOPTS = 1, 36  # prctl's PR_SET_PDEATHSIG and PR_SET_CHILD_SUBREAPER


def limit(memory: int) -> list[str]:
    """Put limits on memory (bytes; 0: none) and core dumps in force: which of them this system lacks."""
    lacks = []
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # Data, where the system counts it (Linux does): the address space holds libraries, and what is only reserved.
        which = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
        if memory:
            resource.setrlimit(which, (memory, memory))
    except (ImportError, OSError, ValueError):
        lacks.append("memory limit")
    if memory and sys.platform == "darwin":
        lacks.append("memory limit")  # accepted there, and not enforced
    return lacks


def follow(host: int) -> list[str]:
    """End with the process `host`, however that ends; what this system lacks for it."""
    try:
        import ctypes

        system = ctypes.CDLL(None)
        system.prctl(DEATH_SIGNAL, signal.SIGKILL)
        system.prctl(ADOPTS, 1)  # so that whatever leaves its parent stays among the descendants, and is found
    except (ImportError, OSError, AttributeError, TypeError):
        return ["an end with the host's"]
    if os.getppid() != host:
        os._exit(frames.LOST)
    return []


def children() -> list[int]:
    """The processes that this one has started, or adopted, and that still run. Linux; elsewhere none are found."""
    found = []
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):
            with contextlib.suppress(OSError, ValueError, IndexError):
                with open(f"/proc/{int(name)}/stat", encoding="utf-8", errors="replace") as file:
                    state, parent = file.read().rpartition(")")[2].split()[:2]
                found += [int(name)] if int(parent) == os.getpid() and state != "Z" else []
    return found


def apart(fd: int) -> int:
    """The descriptor under a high number, not handed on to programs that are started."""
    import fcntl

    high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR)
    os.close(fd)
    return high
