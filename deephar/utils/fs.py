"""Folders."""

import os
from pathlib import Path


def mkdir(path: str | Path) -> None:
    """Make a folder, and those above it, unless it is there."""
    os.makedirs(path, exist_ok=True)
