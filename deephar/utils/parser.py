"""The modes in which a data set is read; and two functions that code of old imports from here."""

from deephar.utils.io import appstr, printcn

__all__ = ["TEST_MODE", "TRAIN_MODE", "VALID_MODE", "appstr", "printcn"]

TEST_MODE = 0
TRAIN_MODE = 1
VALID_MODE = 2
