"""What was found, as data: computed once, read by every writer. JSON names and shapes are a contract."""

from backprove.findings.benches import (
    BENCH_FORMAT,
    BenchReport,
    CampaignCost,
    Growth,
    GrowthPoint,
    JobsCost,
    PathRate,
    Ratio,
)
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
    Moment,
    NeuronWalk,
    Part,
    PathsWalk,
    Route,
    SlopeForms,
    Step,
    Table,
    Tour,
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
from backprove.findings.report import REPORT_FORMAT, Report
from backprove.findings.runs import (
    AtKink,
    Cost,
    CostPoint,
    Disagreement,
    DomainFinding,
    ErrorCell,
    LayerFinding,
    OracleFinding,
    PairFinding,
    Precision,
    Rung,
    Sheet,
    Testimony,
)

AnyReport = (
    Report
    | BenchReport
    | CertificateReport
    | CheckFinding
    | CheckReport
    | ComparisonReport
    | Derivation
    | GalleryReport
)

__all__ = [
    "BENCH_FORMAT",
    "CERTIFICATE_FORMAT",
    "CHECKS_FORMAT",
    "CHECK_FORMAT",
    "COMPARISON_FORMAT",
    "DERIVATION_FORMAT",
    "GALLERY_FORMAT",
    "REPORT_FORMAT",
    "AnyReport",
    "AtKink",
    "BenchReport",
    "CampaignCost",
    "CaseFinding",
    "CauseFinding",
    "Certificate",
    "CertificateReport",
    "CheckFinding",
    "CheckReport",
    "ComparisonReport",
    "Cost",
    "CostPoint",
    "Derivation",
    "Disagreement",
    "DomainFinding",
    "ErrorCell",
    "Evidence",
    "Factor",
    "GalleryReport",
    "GatePatterns",
    "GradientOf",
    "Growth",
    "GrowthPoint",
    "JobsCost",
    "LayerFinding",
    "MatrixWalk",
    "Moment",
    "NeuronWalk",
    "OracleFinding",
    "PairFinding",
    "Part",
    "PathRate",
    "PathsWalk",
    "Precision",
    "PublishedFinding",
    "QuestionFinding",
    "Ratio",
    "ReadingDomain",
    "ReadingFinding",
    "Report",
    "Route",
    "RowFinding",
    "Rung",
    "Sheet",
    "SlopeForms",
    "Step",
    "Table",
    "Testimony",
    "Tour",
    "plain",
]
