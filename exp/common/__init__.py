"""What the scripts share; they import it by bare names (`from mpii_tools import ...`), so its folder is on the path."""

import pathlib
import sys

_FOLDER = str(pathlib.Path(__file__).resolve().parent)
if _FOLDER not in sys.path:
    sys.path.append(_FOLDER)
