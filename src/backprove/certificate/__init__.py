"""Identity certificates: are formulations the same function, for all weights, inputs and targets?"""

from backprove.certificate.certify import MAX_PATTERNS, POINTS, Statement, certify, prove
from backprove.certificate.points import Architecture
from backprove.certificate.statements import conclude, statements

__all__ = ["MAX_PATTERNS", "POINTS", "Architecture", "Statement", "certify", "conclude", "prove", "statements"]
