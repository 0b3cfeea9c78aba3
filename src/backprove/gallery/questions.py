"""The questions that people ask about backpropagation, each with its answer and the evidence of this run behind it.

An answer is given only as far as its evidence was found: what it rests on and did not come out so is named instead.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from backprove.findings import QuestionFinding, RowFinding
from backprove.gallery import answers
from backprove.gallery.answers import Answer
from backprove.gallery.facts import Facts
from backprove.verdict import Verdict


@dataclass(frozen=True)
class Question:
    id: str
    text: str
    source: str
    answer: Callable[[Facts], Answer]


def ask(question: Question, rows: Mapping[str, RowFinding], seed: int) -> QuestionFinding:
    """Answer a question from rows that were judged, and from what it measures itself."""
    facts = Facts(rows, seed)
    answer, evidence = question.answer(facts)
    return QuestionFinding(
        id=question.id,
        text=question.text,
        source=question.source,
        verdict=(Verdict.UNDECIDED if facts.lacking else Verdict.AGREE).name,
        answer="This run does not bear the usual answer out." if facts.lacking else answer,
        lacking=facts.lacking,
        evidence=evidence,
        timing=facts.timing,
    )


QUESTIONS: tuple[Question, ...] = (
    Question(
        "same-formulas",
        "Are the two articles' formulas equivalent, and which layer's weights do they use?",
        "question of November 2023 on Stack Exchange",
        answers.same_formulas,
    ),
    Question(
        "only-one",
        "Is there more than one backpropagation?",
        "question of August 2017 on Stack Exchange",
        answers.only_one,
    ),
    Question(
        "error-or-gradient",
        "Is it the error or the gradient of the error that travels back?",
        "question of August 2017 on Stack Exchange",
        answers.error_or_gradient,
    ),
    Question(
        "together",
        "Are deltas computed together or a layer at a time, and is only the weight with the largest changed?",
        "question of 23 January 2017 on Stack Exchange",
        answers.together,
    ),
    Question(
        "differences",
        "Are finite differences slow or inaccurate?",
        "question of 23 January 2017 on Stack Exchange",
        answers.differences,
    ),
    Question(
        "total",
        "Is the total error the sum over the observations?",
        "question of 23 January 2017 on Stack Exchange",
        answers.total,
    ),
    Question(
        "two-more",
        "Do two more factors per layer suffice?",
        "question of 23 January 2017 on Stack Exchange",
        answers.two_more,
    ),
    Question(
        "weights-or-error",
        "Why does one formula for delta have the weights and the other the error?",
        "question on Stack Exchange about a tutorial in 15 steps",
        answers.weights_or_error,
    ),
    Question(
        "hidden-targets",
        "How does a hidden delta follow when hidden targets are unknown?",
        "an excerpt of Python Deep Learning (2017), and a comment of 23 January 2017",
        answers.hidden_targets,
    ),
)
