"""Many cases: search, shrink, replay -> Report."""

from backprove.campaign import sheet
from backprove.campaign.conclude import conclude, disagreement, layers
from backprove.campaign.draw import explore, shard_seed, smallest
from backprove.campaign.kinks import at_kinks
from backprove.campaign.look import Look, look, unstable_engines
from backprove.campaign.run import search
from backprove.campaign.settings import Settings
from backprove.campaign.state import State
from backprove.campaign.survey import Survey

__all__ = [
    "Look",
    "Settings",
    "State",
    "Survey",
    "at_kinks",
    "conclude",
    "disagreement",
    "explore",
    "layers",
    "look",
    "search",
    "shard_seed",
    "sheet",
    "smallest",
    "unstable_engines",
]
