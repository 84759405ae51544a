"""All claims; one line each."""

from . import (
    a_sigmoid_slower,
    b_softmax_too,
    c_better_measure,
    d_regression,
    e_cross_entropy_likelihood,
    f_squared_error_likelihood,
    g_linear_squared_error,
    h_margin,
)
from .claim import Claim

CLAIMS: tuple[Claim, ...] = (
    a_sigmoid_slower.CLAIM,
    b_softmax_too.CLAIM,
    c_better_measure.CLAIM,
    d_regression.CLAIM,
    e_cross_entropy_likelihood.CLAIM,
    f_squared_error_likelihood.CLAIM,
    g_linear_squared_error.CLAIM,
    h_margin.CLAIM,
)
