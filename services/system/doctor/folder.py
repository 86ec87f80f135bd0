"""The data folder: room, rights, and the file system under it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from services.engines.disk import FULL_BYTES
from services.system.doctor.finding import Examination, Finding, fail, ok, warn

GIB = 2**30
LOW_BYTES = GIB
LOW_INODES = 10_000
SECRETS = ("secret.key", "operator.token", "cli.key")
# File systems whose locks, renames or flushes do not hold what SQLite and the index need of them.
REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "fuse.sshfs"})
MEMORY = frozenset({"tmpfs", "ramfs"})


def data_folder(on: Examination) -> Iterator[Finding]:
    """Whether the folder can be written, is private, and has room for bytes and files."""
    folder = on.settings.data_dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    probe = folder / ".doctor"
    probe.write_bytes(b"x" * 4096)
    probe.unlink()
    free = shutil.disk_usage(folder).free
    where = f"{folder.resolve()}, {free / GIB:.1f} GiB free"
    inodes = os.statvfs(folder)
    if free < FULL_BYTES:
        yield fail("data folder", where, f"df -h {folder}, then free some space: nothing can be stored.")
    elif free < LOW_BYTES:
        yield warn(
            "data folder", where, f"df -h {folder}, then free some space: below 1 GiB uploads may be refused soon."
        )
    elif folder.stat().st_mode & 0o077:
        yield warn("data folder", f"{where}, readable by others", f"chmod 700 {folder}")
    else:
        yield ok("data folder", where)
    # File systems without a fixed number of files say 0.
    if inodes.f_files and inodes.f_favail < LOW_INODES:
        yield warn("data folder", f"room for {inodes.f_favail} more files", f"df -i {folder}, then remove files.")


def secret_files(on: Examination) -> Iterator[Finding]:
    """Whether only their owner, and that is us, can read the keys."""
    found = [on.settings.data_dir / name for name in SECRETS if (on.settings.data_dir / name).exists()]
    loose = [file for file in found if file.stat().st_mode & 0o077]
    foreign = [file for file in found if file.stat().st_uid != os.getuid()]
    for file in loose:
        yield fail("secrets", f"{file.name} can be read by others", f"chmod 600 {file}")
    for file in foreign:
        yield warn("secrets", f"{file.name} belongs to another user", f"chown {os.getuid()} {file}")
    if not loose and not foreign:
        yield ok("secrets", f"{len(found)} files, readable by their owner alone" if found else "not made yet")


def file_system(on: Examination) -> Iterator[Finding]:
    """Whether the folder lies on a disk of this machine."""
    kind = file_system_of(on.settings.data_dir.resolve())
    if kind in REMOTE:
        yield warn(
            "file system",
            f"{kind}: locks and flushes do not hold over a network",
            "Set TIDINGS_DATA_DIR to a local disk.",
        )
    elif kind in MEMORY:
        yield warn("file system", f"{kind}: lost when the machine stops", "Set TIDINGS_DATA_DIR to a disk.")
    else:
        yield ok("file system", kind or "unknown")


def file_system_of(folder: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """The kind of file system a folder lies on; empty where the system does not say (not Linux)."""
    if not mounts.exists():
        return ""
    kinds = {}
    for line in mounts.read_text().splitlines():
        _, point, kind, *_ = line.split()
        # Later mounts cover earlier ones of the same place; spaces in names are written as \\040.
        kinds[Path(point.replace("\\040", " "))] = kind
    return next((kinds[place] for place in (folder, *folder.parents) if place in kinds), "")
