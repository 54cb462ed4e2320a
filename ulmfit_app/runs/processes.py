"""Telling processes and starts of the machine apart, whatever the clock says. Ends no process."""

from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")  # Linux
STATE, START = 0, 19  # fields of /proc/<pid>/stat after the name: proc(5) numbers them 3 and 22


def boot() -> str:
    """This start of the machine; empty where the system does not tell (macOS)."""
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return ""


def process_mark(pid: int) -> str | None:
    """What tells the process `pid` from any other that had or will have its number; None if it does not live.

    On Linux the start in ticks of this boot: a start time by the clock moves when the clock is set.
    """
    if not boot():
        return _mark_by_clock(pid)
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[STATE] in "ZX" else f"{boot()} {fields[START]}"


def _mark_by_clock(pid: int) -> str | None:
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else str(process.create_time())
    except psutil.NoSuchProcess:
        return None
