import subprocess
import sys


def test_statistics_import_neither_django_nor_scipy():
    """They are read by pages that answer in milliseconds, and by people without the site."""
    modules = "rates, bootstrap, agreement, effort, classes, boards"
    code = (
        f"from rounds.stats import {modules}\n"
        "import sys\n"
        "heavy = {'django', 'scipy', 'pandas', 'statsmodels', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
