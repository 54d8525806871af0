"""`python -m deephar` is the command `deephar`."""

import sys

from deephar.cli import main

if __name__ == "__main__":
    sys.exit(main())
