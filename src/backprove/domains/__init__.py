"""The number domains by name.

>>> from backprove import DOMAINS
>>> {name: domain.rung for name, domain in DOMAINS.items()}
{'float64': 'rounding', 'float32': 'rounding', 'rational': 'exact', 'ball': 'enclosed', 'modular': 'certificate'}
>>> DOMAINS["rational"].array([[0.5]]).tolist()
[[Fraction(1, 2)]]
"""

from backprove.domains.ball import Ball
from backprove.domains.base import Array, Domain
from backprove.domains.floating import Float32, Float64
from backprove.domains.modular import Modular
from backprove.domains.rational import Rational

DOMAINS: dict[str, Domain] = {d.name: d for d in (Float64(), Float32(), Rational(), Ball(), Modular())}
"""float64, float32: NumPy's; rational: fractions; ball: enclosures; modular: integers modulo 2^61 - 1."""

__all__ = ["DOMAINS", "Array", "Ball", "Domain", "Float32", "Float64", "Modular", "Rational"]
