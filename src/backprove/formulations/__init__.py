"""The literature's formulations by name: they stand beside the engines, and may be made of them."""

from backprove.engines import Engine
from backprove.formulations import y_minus_t

FORMULATIONS: dict[str, Engine] = {y_minus_t.NAME: y_minus_t.engine}

__all__ = ["FORMULATIONS", "y_minus_t"]
