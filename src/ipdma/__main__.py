"""`python -m ipdma` is the command `ipdma`."""

import sys

from ipdma.cli import main

if __name__ == "__main__":
    sys.exit(main())
