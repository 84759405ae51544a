"""What is known of the paper, from its abstract, a screenshot of Equations 11 and 12 and a quotation of its conclusion.

Published figures are written here and nowhere else. Source: doi.org/10.21437/Interspeech.2013-436.
"""

from typing import NamedTuple

TITLE = "Cross-Entropy vs. Squared Error Training: a Theoretical and Experimental Comparison"
AUTHORS = "Pavel Golik, Patrick Doetsch and Hermann Ney"
WHERE = "Interspeech 2013, Lyon, pp. 1756-1760"
DOI = "https://doi.org/10.21437/Interspeech.2013-436"

SPEECH, HANDWRITING = "speech", "handwriting"
# Word error rate: task -> best CE, the same after a few iterations of SE.
PUBLISHED = {SPEECH: (0.309, 0.305), HANDWRITING: (0.227, 0.219)}

# Tasks here -> which of the paper's two they stand for.
KIND = {
    "AN4": SPEECH,
    "AN4 by folds": SPEECH,
    "digit strings": SPEECH,
    "digit strings by speaker": SPEECH,
    "Kaldi": SPEECH,
    "digit lines": HANDWRITING,
    "MNIST lines": HANDWRITING,
    "IAM": HANDWRITING,
}
_STRINGS = (
    "Nobody spoke these strings: they are built from isolated recordings of digits of the Free Spoken Digit Dataset, set "
    "one after another with silence and noise, all drawn from one seed (the recipe is in corpora/digit_strings.py)."
)
BUILT = {
    "digit strings": _STRINGS,
    "digit strings by speaker": _STRINGS,
    "digit lines": "Nobody wrote these lines: they are built from scikit-learn's isolated handwritten digits, set side by "
    "side with gaps and noise, all drawn from one seed (the recipe is in corpora/digit_lines.py). Test digits are used "
    "many times over, each time with other neighbours and noise; blocks of digits stand for writers.",
    "MNIST lines": "Nobody wrote these lines: they are built from the isolated handwritten digits of MNIST, set side by "
    "side with gaps and noise, all drawn from one seed (the recipe is in corpora/digit_lines.py). Blocks of neighbouring "
    "images stand for writers.",
}


class Claim(NamedTuple):
    """says: as the rows of the reproduction name it. published: the paper, in our words. figures: does it give any?"""

    says: str
    published: str
    ours: str
    figures: bool = False


CLAIMS = (
    Claim(
        "From a random start SE ends in a worse optimum than CE.",
        "Abstract and conclusion: trained from random weights, all else alike, the network by squared error (SE) does not "
        "reach a good optimum, the one by cross-entropy (CE) does. Its gradient had gone to zero and the count of errors "
        "stopped falling. No figure of it was found.",
        "The deciding comparison has each criterion at its own best constant rate, so that neither an unequal rate (at "
        "uniform output the SE signal is exactly 2/C of CE's) nor a schedule that takes a plateau for the end decides it. "
        "The others show what equal rates, new-bob, compensated rates and other outputs make of it.",
    ),
    Claim(
        "A good start cures it.",
        "Our reading of the abstract, which blames the random start and says that from a good initialisation by pre-training "
        "a few iterations of SE lower the word errors of the best CE system. Whether this meant layer-wise pre-training or "
        "CE training before SE is not known to us; no figure of the first was found.",
        "The deciding comparison is the gap SE - CE from a random start less the gap from layer-wise pre-training: a start "
        "that helps both alike cures nothing. Where the first gap is not shown, there is nothing to cure; where SE is still "
        "shown to be worse from the good start, the gap is narrowed and not cured.",
    ),
    Claim(
        "A few iterations of SE after CE lower the word errors.",
        "Abstract: a few more iterations with SE lower the word error rate of the best CE system.",
        "The paper as far as it was seen has no control: CE might gain as much from as many more epochs. So here the same "
        "networks also go on with CE, for the same epochs over a grid of rates of the same size, and that control decides; "
        "SE against the CE networks before it, the paper's own comparison, stands beside it: where SE is shown to be worse "
        "than these, it does not help, whatever the control does.",
        figures=True,
    ),
)
NAMED = {claim.says: claim for claim in CLAIMS}


def published(task: str) -> tuple[float, float] | None:
    """The paper's word error rates, before and after SE, of the kind of task that this one is."""
    return PUBLISHED.get(KIND.get(task, ""))
