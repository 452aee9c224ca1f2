"""What every test needs: charts without a window, and time."""

import matplotlib as mpl
import pytest
from hypothesis import settings

from umkm_analysis import cli

# By call and not by MPLBACKEND: notebooks run in children, which choose their own.
mpl.use("Agg")

# A busy machine is slow, not wrong. The rest stays as hypothesis has it: new examples
# at every run, and always the same ones where CI is set.
settings.register_profile("umkm", settings(), deadline=None)
settings.load_profile("umkm")


@pytest.fixture
def umkm(capsys):
    """Run one command in this process: exit code, stdout, stderr."""

    def run(*words):
        try:
            status = cli.main([str(w) for w in words])
        except SystemExit as stop:
            status = stop.code
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return status, out, err

    return run
