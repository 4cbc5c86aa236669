"""Becomes a program that ends with its parent and, started by root, runs as an account without rights; imports nothing of the project.

Run as a script: `postgres_child.py PARENT_PID ACCOUNT CAPABILITY PROGRAM ARGUMENT…`; empty ACCOUNT and CAPABILITY leave both as they are.
"""

import ctypes
import os
import pwd
import signal
import struct
import sys

PR_SET_PDEATHSIG, PR_SET_KEEPCAPS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 8, 47, 2
CAPABILITY_VERSION_3 = 0x20080522


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def become(account: str, capability: int | None) -> None:
    """Gives up root for `account` for ever, except for the one `capability`."""
    user = pwd.getpwnam(account)
    if capability is not None:
        _checked(_libc().prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    if capability is not None:
        _keep(capability)


def _keep(capability: int) -> None:
    header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
    bit = 1 << capability
    data = struct.pack("6I", bit, bit, bit, 0, 0, 0)  # effective, permitted, inheritable; none above 31
    _checked(_libc().capset(header, data))
    _checked(_libc().prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0))


def end_with(parent: int) -> None:
    """From now on the end of `parent`, however it comes, is a SIGINT for this process. Linux only; elsewhere nothing."""
    if sys.platform != "linux":
        return
    _checked(_libc().prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0))
    if os.getppid() != parent:
        sys.exit("the parent ended before its child began")


def main(arguments: list[str]) -> None:
    parent, account, capability, program, *rest = arguments
    if account:
        become(account, int(capability) if capability else None)
    end_with(int(parent))  # after the change of account, which would clear it
    os.umask(0o077)
    os.execv(program, [program, *rest])


if __name__ == "__main__":
    main(sys.argv[1:])
