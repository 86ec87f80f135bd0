"""What must hold before anything is opened, each with a sentence about what to do where it does not."""

from __future__ import annotations

import errno
import os
import pwd
import tempfile
from pathlib import Path

from services.errors import ConfigurationError

# What an operating system's refusal means for people.
HINTS = {
    errno.ENOSPC: "the disk is full: free some space",
    errno.EDQUOT: "your quota on this disk is used up: free some space",
    errno.EROFS: "the disk is mounted read-only: choose another folder, or mount it to be written",
    errno.EACCES: "look who owns it, and who may write it",
    errno.EPERM: "look who owns it, and who may write it",
}
OTHERWISE = "check the path and its permissions"
OTHER_FOLDER = "set TIDINGS_DATA_DIR to a folder that can be written"


def hint(error: OSError) -> str:
    """What to do about an error of the operating system."""
    return HINTS.get(error.errno or 0, OTHERWISE)


def demand_folder(folder: Path) -> None:
    """Make the data folder unless it is there, and try to write in it. Raises ConfigurationError that says what to do."""
    place = folder.resolve()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0")
    except (FileExistsError, NotADirectoryError) as error:
        file = next((each for each in (place, *place.parents) if each.is_file()), place)
        raise ConfigurationError(f"{place} cannot be the data folder: {file} is a file.") from error
    except PermissionError as error:
        raise ConfigurationError(
            f"The data folder {place} cannot be written: {owner_of(folder)}, and this runs as {name_of(os.geteuid())}. "
            f"Run it as that user, change the owner (chown -R), or {OTHER_FOLDER}."
        ) from error
    except OSError as error:
        raise ConfigurationError(
            f"The data folder {place} cannot be used ({error.strerror}): {hint(error)}, or {OTHER_FOLDER}."
        ) from error


def owner_of(folder: Path) -> str:
    """Who owns a folder, or the nearest one above it that is there, in words."""
    there = next((each for each in (folder.absolute(), *folder.absolute().parents) if each.exists()), Path("/"))
    return f"{there} belongs to {name_of(there.stat().st_uid)}"


def name_of(user: int) -> str:
    """A user's name, or number where it has none."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
