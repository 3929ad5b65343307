"""``python -m tptools``: the commands of `tptools.commands`."""

import sys

from tptools.commands import main

if __name__ == "__main__":
    sys.exit(main())
