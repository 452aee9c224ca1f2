"""What every test needs: charts without a window."""

import matplotlib as mpl

# By call and not by MPLBACKEND: notebooks run in children, which choose their own.
mpl.use("Agg")
