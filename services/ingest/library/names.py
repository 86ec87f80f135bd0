"""Names that people and files give: titles, file names, folders and tags, made fit to store and to show."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from services.errors import FieldError, InvalidInput

MAX_NAME = 200
MAX_FOLDER, MAX_FOLDER_DEPTH = 200, 10
MAX_TAG, MAX_TAGS = 60, 20


def clean_name(name: str) -> str:
    """A file name fit to show: its last path part, cleaned."""
    return clean_line(name.replace("\\", "/").rsplit("/", 1)[-1])


def clean_line(text: str) -> str:
    """One line fit to show: no control, format or direction characters, at most MAX_NAME characters."""
    kept = "".join(" " if character.isspace() else character for character in text)
    return " ".join("".join(character for character in kept if character.isprintable()).split())[:MAX_NAME]


def clean_folder(path: str) -> str:
    """A folder's path in its one form, parts between slashes, such as `Reports/2026`; empty for no folder.

    Raises InvalidInput when it has more than MAX_FOLDER characters or MAX_FOLDER_DEPTH parts.
    """
    given = unicodedata.normalize("NFC", path[: 4 * MAX_FOLDER]).replace("\\", "/").split("/")
    parts = [part for part in map(clean_line, given) if part not in ("", ".", "..")]
    folder = "/".join(parts)
    if len(folder) > MAX_FOLDER or len(parts) > MAX_FOLDER_DEPTH:
        reason = f"a folder has at most {MAX_FOLDER} characters and {MAX_FOLDER_DEPTH} parts"
        raise InvalidInput(f"The folder is too long: {reason}.", errors=(FieldError("/folder", reason),))
    return folder


def clean_tag(tag: str) -> str:
    """A tag in its one form: lower case, single spaces. Raises InvalidInput when it is empty, too long or has a comma."""
    cleaned = clean_line(unicodedata.normalize("NFC", tag)).lower()
    if not cleaned or len(cleaned) > MAX_TAG or "," in cleaned:
        reason = f"a tag has 1 to {MAX_TAG} characters and no comma"
        raise InvalidInput(f"{tag[:100]!r} is no tag: {reason}.", errors=(FieldError("/tags", reason),))
    return cleaned


def clean_tags(tags: Iterable[str]) -> list[str]:
    """Tags in order of the alphabet, each once. Raises InvalidInput, also when there are more than MAX_TAGS."""
    cleaned = sorted({clean_tag(tag) for tag in tags})
    if len(cleaned) > MAX_TAGS:
        reason = f"a document has at most {MAX_TAGS} tags"
        raise InvalidInput(f"Too many tags: {reason}.", errors=(FieldError("/tags", reason),))
    return cleaned
