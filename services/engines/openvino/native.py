"""The one place that imports OpenVINO, because the plain import phones home.

`import openvino` (2026.4) loads its converter, which sends an event to Google Analytics and writes to ~/intel without
asking (openvino/tools/ovc/__init__.py). A name set to None in sys.modules cannot be imported, and OpenVINO takes both
absences well. Without the converter the import also takes 8 MB and 50 ms less.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

TELEMETRY = "openvino_telemetry"
CONVERTER = "openvino.tools.ovc"


def silence(*, with_converter: bool) -> None:
    """Make sure that importing OpenVINO sends nothing. Only the preparing child needs the converter."""
    absent = [TELEMETRY] if with_converter else [TELEMETRY, CONVERTER]
    for name in absent:
        sys.modules.setdefault(name, absence())


def absence() -> ModuleType:
    """The None that stands for a module that must not be imported; typed as typeshed wants sys.modules to be."""
    return None  # type: ignore[return-value]


def load_openvino(*, with_converter: bool = False) -> ModuleType:
    """OpenVINO, imported silently. Cost: 0.1 s and 15 MB the first time, hence not at the top of the modules."""
    silence(with_converter=with_converter)
    return import_module("openvino")
