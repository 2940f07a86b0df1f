"""A seccomp filter through ctypes: system calls that no honest submission needs answer "not permitted".

Defence in depth inside bubblewrap; in the Landlock tier it is also what cuts UDP. Runs in workers; imports
nothing of ours.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

_PR_SET_SECCOMP = 22
_MODE_FILTER = 2
_LOAD, _JUMP_EQUAL, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
#: x86-64 has a second table of system calls behind this bit; nobody uses it.
_X32 = 0x40000000
#: CLONE_NEWNS, CGROUP, UTS, IPC, USER, PID and NET.
_NEW_NAMESPACES = 0x7E020000
_AF_UNIX, _AF_INET, _AF_INET6 = 1, 2, 10
#: The C library asks the kernel for interfaces and addresses through it.
_AF_NETLINK = 16

#: Machine -> audit number, and the calls by name.
_MACHINES: dict[str, tuple[int, dict[str, int]]] = {
    "x86_64": (
        0xC000003E,
        {
            "socket": 41, "clone": 56, "ptrace": 101, "mount": 165, "umount2": 166, "swapon": 167,
            "swapoff": 168, "reboot": 169, "init_module": 175, "delete_module": 176, "add_key": 248,
            "request_key": 249, "keyctl": 250, "unshare": 272, "perf_event_open": 298,
            "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311,
            "finit_module": 313, "kexec_load": 246, "kexec_file_load": 320, "bpf": 321,
            "userfaultfd": 323, "io_uring_setup": 425, "io_uring_enter": 426,
            "io_uring_register": 427, "open_tree": 428, "move_mount": 429, "fsopen": 430,
            "fsmount": 432, "pidfd_getfd": 438, "mount_setattr": 442, "clone3": 435,
            "pivot_root": 155, "chroot": 161,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "socket": 198, "clone": 220, "ptrace": 117, "mount": 40, "umount2": 39, "swapon": 224,
            "swapoff": 225, "reboot": 142, "init_module": 105, "delete_module": 106, "add_key": 217,
            "request_key": 218, "keyctl": 219, "unshare": 97, "perf_event_open": 241,
            "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271,
            "finit_module": 273, "kexec_load": 104, "kexec_file_load": 294, "bpf": 280,
            "userfaultfd": 282, "io_uring_setup": 425, "io_uring_enter": 426,
            "io_uring_register": 427, "open_tree": 428, "move_mount": 429, "fsopen": 430,
            "fsmount": 432, "pidfd_getfd": 438, "mount_setattr": 442, "clone3": 435,
            "pivot_root": 41, "chroot": 51,
        },
    ),
}  # fmt: skip
_SPECIAL = ("socket", "clone", "clone3")


def is_known_machine() -> bool:
    """Whether there is a table of system calls for this machine."""
    return os.uname().machine in _MACHINES


def install(*, internet: bool) -> None:
    """Filter this process and all that it starts; needs ``no_new_privs``.

    Args:
        internet: Whether sockets of the internet families may be made (the process has a network of its own).

    Raises:
        OSError: The kernel refused.
    """
    program = _program(internet=internet)
    instructions = ctypes.create_string_buffer(program)
    address = ctypes.addressof(instructions)
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, address))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, header, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "PR_SET_SECCOMP")


def _program(*, internet: bool) -> bytes:
    audit, numbers = _MACHINES[os.uname().machine]
    families = (_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK) if internet else (_AF_UNIX,)
    refuse = _ERRNO | errno.EPERM
    code = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_ANY_BIT, 0, 1, _X32),
        (_RETURN, 0, 0, refuse),
        # Its flags are behind a pointer, which a filter cannot follow; the C library falls back to clone.
        (_JUMP_EQUAL, 0, 1, numbers["clone3"]),
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
        (_JUMP_EQUAL, 0, 4, numbers["clone"]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        (_JUMP_ANY_BIT, 0, 1, _NEW_NAMESPACES),
        (_RETURN, 0, 0, refuse),
        (_RETURN, 0, 0, _ALLOW),
        (_JUMP_EQUAL, 0, 3 + len(families), numbers["socket"]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT),
        *((_JUMP_EQUAL, len(families) - place, 0, family) for place, family in enumerate(families)),
        (_RETURN, 0, 0, _ERRNO | errno.EAFNOSUPPORT),
        (_RETURN, 0, 0, _ALLOW),
    ]
    for name, number in numbers.items():
        if name not in _SPECIAL:
            code += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, refuse)]
    code.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in code)
