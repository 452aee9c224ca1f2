"""`python -m umkm_analysis` is `umkm`."""

import sys

from umkm_analysis.cli import main

if __name__ == "__main__":
    sys.exit(main())
