"""The number domains by name."""

from backprove.domains.ball import Ball
from backprove.domains.base import Array, Domain
from backprove.domains.floating import Float32, Float64
from backprove.domains.modular import Modular
from backprove.domains.rational import Rational

DOMAINS: dict[str, Domain] = {d.name: d for d in (Float64(), Float32(), Rational(), Ball(), Modular())}

__all__ = ["DOMAINS", "Array", "Ball", "Domain", "Float32", "Float64", "Modular", "Rational"]
