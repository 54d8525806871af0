"""Puts exp/common on the path, as the scripts do, and what these tests share."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE.parents[2] / "exp" / "common"), str(HERE)]
