"""One thread for BLAS: on small matrices several cost more than they save, and add up in another order."""

import os

ONE_THREAD = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS",
)  # fmt: skip
"""The variables of the environment that libraries read when they are loaded."""


def one_thread() -> None:
    """Ask for one, unless the user asks otherwise; of what is loaded from now on."""
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
