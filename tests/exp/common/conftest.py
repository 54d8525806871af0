"""Puts exp/common on the path, as the scripts do."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "exp" / "common"))
