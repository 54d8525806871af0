"""Puts this folder on the path, for what these tests share."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent))
