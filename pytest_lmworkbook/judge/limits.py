"""How much time, memory and output one submission may use.

Plain numbers, applied elsewhere: the judge keeps the clocks, the worker's own process keeps the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

MIB = 2**20
KIB = 2**10


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds for one submission of one problem.

    Attributes:
        total_s: Wall-clock time of all calls together; the judge's own work does not count.
        call_s: Wall-clock time of one call.
        import_s: Wall-clock time of one look-up, which is where the submission is imported.
        memory_mib: Memory on top of what the worker had before it saw the submission.
        output_kib: How much of stdout and stderr is kept; the rest is read and dropped.
        result_mib: Size of the values of one call, in either direction.
        file_mib: Size of any file that is written.
        disk_mib: Size of all files together in the worker's temporary folder.
        cpu_s: Processor time of one process, all its threads together.
        processes: Processes and threads at a time, started by the submission.
        open_files: File descriptors of one process.
    """

    total_s: float = 60.0
    call_s: float = 10.0
    import_s: float = 20.0
    memory_mib: int = 4096
    output_kib: int = 64
    result_mib: int = 256
    file_mib: int = 256
    disk_mib: int = 1024
    cpu_s: int = 120
    processes: int = 256
    open_files: int = 1024
