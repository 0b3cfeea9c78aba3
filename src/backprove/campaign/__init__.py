"""Many cases: search, shrink, replay -> Report."""

from backprove.campaign.conclude import conclude, disagreement, layers, versions
from backprove.campaign.shards import Settings, search
from backprove.campaign.survey import Survey, signature, unstable_engines

__all__ = [
    "Settings",
    "Survey",
    "conclude",
    "disagreement",
    "layers",
    "search",
    "signature",
    "unstable_engines",
    "versions",
]
