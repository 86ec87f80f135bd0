"""What a wheel holds beside the code: the built web pages and the embedding model's graph, made by `make dist`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# Where it is built, and where the code looks for it (api/ui.py, services/engines/openvino/prepared.py).
SHIPPED = {"frontend/dist": "api/web", "build/model": "services/engines/openvino/shipped"}


class Shipped(BuildHookInterface):  # type: ignore[type-arg]
    """Adds them to every wheel but those of `pip install -e`, which works on the source folder."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before the wheel is put together."""
        if version == "editable":
            return
        for source, target in SHIPPED.items():
            if not any((Path(self.root) / source).glob("*")):
                raise FileNotFoundError(
                    f"{source} is not built: a wheel without it would start and lack it. Run `make dist`."
                )
            build_data["force_include"][source] = target
