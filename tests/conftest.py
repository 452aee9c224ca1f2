"""What every test needs: charts without a window, and time."""

import matplotlib as mpl
from hypothesis import settings

# By call and not by MPLBACKEND: notebooks run in children, which choose their own.
mpl.use("Agg")

# A busy machine is slow, not wrong. The rest stays as hypothesis has it: new examples
# at every run, and always the same ones where CI is set.
settings.register_profile("umkm", settings(), deadline=None)
settings.load_profile("umkm")
