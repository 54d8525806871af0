"""Folders."""

import os


def mkdir(path):
    """Make a folder, and those above it, unless it is there."""
    os.makedirs(path, exist_ok=True)
