"""Entry point of the command line; `commands/application.py` has the commands."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        # Imported here so that Ctrl-C in the first moments ends in a sentence, too.
        from roadworthy.agents.commands.application import app

        app()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)
