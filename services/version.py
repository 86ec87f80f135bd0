"""What this is: its name, version and licence, from the installed package where there is one."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

NAME = "Tidings"
LICENSE = "AGPL-3.0-or-later"

try:
    VERSION = version("tidings")
except PackageNotFoundError:  # run from a folder that was never installed
    VERSION = "0.1.0"
