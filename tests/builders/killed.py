"""A child of this process that dies at the n-th act on a file, as by a power cut."""

import os
import signal
import sys

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
ACTS = {
    "os.rename",
    "os.link",
    "os.symlink",
    "os.mkdir",
    "os.remove",
    "os.rmdir",
    "os.chmod",
    "os.truncate",
    "ctypes.dlsym",
    "shutil.rmtree",
    "shutil.copyfile",
    "shutil.move",
}


def is_act(event, arguments):
    """Whether an audit event is an act on a file."""
    if event == "open":
        return isinstance(arguments[2], int) and bool(arguments[2] & WRITING)
    return event in ACTS


def dies_at(act, call):
    """Run a call in a child that is killed at its n-th act on a file.

    Returns
    -------
    bool
        Whether it was killed; False when it came to its end before.
    """
    child = os.fork()
    if child == 0:
        left = [act]

        def hook(event, arguments):
            if is_act(event, arguments):
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        try:
            call()
            os._exit(0)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "the child failed without being killed"
    return False


def kills(call, before):
    """Kill a call at its first act, its second, and so on until it lives; yields the number of each act.

    `before()` makes the scene anew each time.
    """
    act = 1
    while True:
        before()
        if not dies_at(act, call):
            return
        yield act
        act += 1
