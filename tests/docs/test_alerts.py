"""The alerts of deploy/ look at figures that there are."""

from __future__ import annotations

import re

import yaml

from tests.server import ROOT

FIGURE = re.compile(r"tidings_\w+")


def test_alerts_name_documented_figures_and_say_what_is_wrong() -> None:
    rules = [
        rule
        for group in yaml.safe_load((ROOT / "deploy" / "prometheus-rules.yml").read_text())["groups"]
        for rule in group["rules"]
    ]
    documented = set(FIGURE.findall((ROOT / "docs" / "monitoring.md").read_text()))
    assert len(rules) >= 5
    for rule in rules:
        named = set(FIGURE.findall(rule["expr"]))
        assert named, rule["alert"]
        assert named <= documented, rule["alert"]
        assert rule["annotations"]["summary"].endswith((".", "?"))
