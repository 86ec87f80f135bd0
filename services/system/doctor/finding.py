"""What a check finds, and how it is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Thread
from typing import Literal

from sqlalchemy import inspect
from sqlalchemy.exc import SQLAlchemyError

from services.errors import TidingsError
from services.runtime import Runtime
from services.settings import Settings

AGAIN = "Mend this, then run `tidings doctor` again."


@dataclass(frozen=True)
class Finding:
    """One fact: `fix` is a command or a setting that mends it, empty when nothing is wrong."""

    name: str
    state: Literal["ok", "warn", "fail"]
    detail: str
    fix: str = ""


@dataclass(frozen=True)
class Examination:
    """What is examined. `server_url`: a server runs on this data folder and holds its files."""

    settings: Settings
    runtime: Runtime
    server_url: str | None

    def has_tables(self) -> bool:
        """Whether there are rows to look at: not on a new database, nor on one that does not answer."""
        try:
            return inspect(self.runtime.database).has_table("jobs")
        except SQLAlchemyError:
            return False


@dataclass(frozen=True)
class Check:
    """A named look that ends in `seconds`."""

    name: str
    look: Callable[[Examination], Iterator[Finding]]
    seconds: float = 20.0


def ok(name: str, detail: str) -> Finding:
    """Nothing to do."""
    return Finding(name, "ok", detail)


def warn(name: str, detail: str, fix: str) -> Finding:
    """Works, with less than it could or at a risk."""
    return Finding(name, "warn", detail, fix)


def fail(name: str, detail: str, fix: str) -> Finding:
    """Does not work, or loses data."""
    return Finding(name, "fail", detail, fix)


def run(check: Check, on: Examination) -> list[Finding]:
    """The findings of a check; one that breaks or hangs is a finding itself."""
    findings: list[Finding] = []

    def look() -> None:
        try:
            findings.extend(check.look(on))
        except TidingsError as error:
            findings.append(fail(check.name, error.detail, AGAIN))
        except OSError as error:
            findings.append(
                fail(check.name, f"{error.strerror or type(error).__name__}: {error.filename or ''}", AGAIN)
            )
        except Exception as error:
            # Its message may quote an address with its password.
            findings.append(fail(check.name, f"The check broke off: {type(error).__name__}.", AGAIN))

    # A daemon: a call to a silent server cannot be stopped, and must not keep the command from ending.
    thread = Thread(target=look, name=f"check {check.name}", daemon=True)
    thread.start()
    thread.join(check.seconds)
    if thread.is_alive():
        silent = fail(
            check.name, f"No answer within {check.seconds:g} seconds.", "Check its address and the network to it."
        )
        return [*findings, silent]
    return findings
