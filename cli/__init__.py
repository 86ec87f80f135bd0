"""Door 4: the operator. `up` composes the other doors; the other verbs speak HTTP to a running server.

What a verb needs only once it works (the gateway, the workers, engines, migrations) is imported in the function that needs
it, unlike elsewhere: together these take three seconds of a processor, which `--help` and every verb that only speaks HTTP
would pay. tests/architecture/test_quick_start.py holds that.
"""

import sys

# Before anything else is imported: what comes next would fail with words that help nobody.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit(
        f"Tidings needs Python 3.11 or newer, and this is {sys.version_info[0]}.{sys.version_info[1]} ({sys.executable}). "
        "Install it into an environment of a newer one, such as: python3.12 -m venv .venv"
    )
