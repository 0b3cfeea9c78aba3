"""The catalogue of known mistakes: every one that was observed and is a function of weights, inputs and targets.

Not here, since no single call shows them: gradients that are stale, arguments that are overwritten, answers that change
from call to call, code that does not run, and a global N that is not this batch's.
"""

from backprove.mistakes.biases import BIASES
from backprove.mistakes.gradients import GRADIENTS
from backprove.mistakes.mistake import Mistake
from backprove.mistakes.outputs import OUTPUTS
from backprove.mistakes.propagation import PROPAGATION
from backprove.mistakes.slopes import SLOPES

CATALOGUE: dict[str, Mistake] = {m.id: m for m in (*BIASES, *PROPAGATION, *SLOPES, *GRADIENTS, *OUTPUTS)}
