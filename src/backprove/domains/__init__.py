"""The number domains by name."""

from backprove.domains.base import Array, Domain
from backprove.domains.floating import Float32, Float64
from backprove.domains.rational import Rational

DOMAINS: dict[str, Domain] = {d.name: d for d in (Float64(), Float32(), Rational())}

__all__ = ["DOMAINS", "Array", "Domain", "Float32", "Float64", "Rational"]
