"""New-bob: the rate is halved whenever the error on dev gains too little, until it is too small to go on.

It takes a plateau for the end of learning, so every arm that may sit on one needs a twin at a constant rate.
"""

import numpy as np
from jaxtyping import Bool, Float

# Frame error, absolute.
GAIN = 0.005
LEAST = 1 / 64


def rates(
    first: Float[np.ndarray, " m"],
    now: Float[np.ndarray, " m"],
    before: Float[np.ndarray, " m"],
    after: Float[np.ndarray, " m"],
    halving: Bool[np.ndarray, " m"],
) -> Float[np.ndarray, " m"]:
    """The rates of the next epoch: 0 for a member that has stopped.

    first: rates of the first epoch. now: of this one. before, after: dev frame error before and after it; no gain where
    it is NaN. halving: the members that follow new-bob, the others keep their rates.
    """
    slow = halving & ~(before - after >= GAIN)
    following = np.where(slow, now / 2, now)
    return np.where(halving & (following < first * LEAST), 0, following).astype(np.float32)
