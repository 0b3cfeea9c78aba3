"""What was found, as data: computed once, read by every writer. JSON names and shapes are a contract."""

from backprove.findings.certificates import CERTIFICATE_FORMAT, Certificate, CertificateReport, GatePatterns
from backprove.findings.checks import (
    CHECK_FORMAT,
    CHECKS_FORMAT,
    CauseFinding,
    CheckFinding,
    CheckReport,
    GradientOf,
)
from backprove.findings.comparisons import COMPARISON_FORMAT, CaseFinding, ComparisonReport, PublishedFinding
from backprove.findings.derivations import (
    DERIVATION_FORMAT,
    Derivation,
    Factor,
    MatrixWalk,
    NeuronWalk,
    Part,
    PathsWalk,
    Route,
    SlopeForms,
    Step,
    Table,
)
from backprove.findings.galleries import (
    GALLERY_FORMAT,
    Evidence,
    GalleryReport,
    QuestionFinding,
    ReadingDomain,
    ReadingFinding,
    RowFinding,
)
from backprove.findings.plain import plain
from backprove.findings.runs import (
    REPORT_FORMAT,
    AtKink,
    Disagreement,
    DomainFinding,
    LayerFinding,
    OracleFinding,
    Report,
    Rung,
    Testimony,
)

AnyReport = Report | CertificateReport | CheckFinding | CheckReport | Derivation | GalleryReport

__all__ = [
    "CERTIFICATE_FORMAT",
    "CHECKS_FORMAT",
    "CHECK_FORMAT",
    "COMPARISON_FORMAT",
    "DERIVATION_FORMAT",
    "GALLERY_FORMAT",
    "REPORT_FORMAT",
    "AnyReport",
    "AtKink",
    "CaseFinding",
    "CauseFinding",
    "Certificate",
    "CertificateReport",
    "CheckFinding",
    "CheckReport",
    "ComparisonReport",
    "Derivation",
    "Disagreement",
    "DomainFinding",
    "Evidence",
    "Factor",
    "GalleryReport",
    "GatePatterns",
    "GradientOf",
    "LayerFinding",
    "MatrixWalk",
    "NeuronWalk",
    "OracleFinding",
    "Part",
    "PathsWalk",
    "PublishedFinding",
    "QuestionFinding",
    "ReadingDomain",
    "ReadingFinding",
    "Report",
    "Route",
    "RowFinding",
    "Rung",
    "SlopeForms",
    "Step",
    "Table",
    "Testimony",
    "plain",
]
