"""torch.nn.functional on the CPU, eager: (input, target), reduction none. Read by double backward."""

# Types are checked where the library is not installed as well.
# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

import ml_dtypes
import numpy as np
import torch
import torch.nn.functional as F

from ... import losses
from ..compare import widened
from . import formulas
from .case import Case, Library


def _tensor(x):
    if x.dtype == ml_dtypes.bfloat16:
        return torch.from_numpy(x.view(np.int16).copy()).view(torch.bfloat16)
    return torch.from_numpy(x.copy())


def _whole(loss, labels=False):
    """The quantity of loss(z, t), one number an example, at all points."""

    def at(quantity, z, t):
        no_number = np.isnan(widened(z)).any(1)
        found = numbers(quantity, np.where(_rows(no_number, z), z.dtype.type(0), z), t)
        found[no_number] = np.nan  # some losses refuse them
        return found

    def numbers(quantity, z, t):
        x = _tensor(z).requires_grad_(quantity != "value")
        y = loss(x, torch.from_numpy(t.astype(np.float32).argmax(-1)) if labels else _tensor(t))
        if quantity == "grad":
            (y,) = torch.autograd.grad(y.sum(), x)
        elif quantity == "hess":
            (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
            columns = [g] if g.ndim == 1 else g.unbind(-1)
            y = torch.stack([_second(c, x) for c in columns], dim=-1)
        return y.detach().double().numpy().reshape(len(z), -1)

    return at


def _rows(mask, like):
    return mask.reshape((-1,) + (1,) * (like.ndim - 1))


def _second(g, x):
    if not g.requires_grad:  # a constant gradient
        return torch.zeros_like(x)
    found = torch.autograd.grad(g.sum(), x, retain_graph=True, allow_unused=True)[0]
    return torch.zeros_like(x) if found is None else found


def _bce_of_sigmoid(z, t):
    return F.binary_cross_entropy(torch.sigmoid(z), t, reduction="none")


LIBRARY = Library(
    name="torch",
    distribution="torch",
    imports="import torch, torch.nn.functional as F",
    cases=(
        Case(
            "binary_cross_entropy_with_logits",
            "F.binary_cross_entropy_with_logits(z, t)",
            losses.sigmoid_cross_entropy,
            "unit",
            whole=_whole(lambda z, t: F.binary_cross_entropy_with_logits(z, t, reduction="none")),
        ),
        Case(
            "binary_cross_entropy(sigmoid)",
            "F.binary_cross_entropy(torch.sigmoid(z), t)",
            losses.sigmoid_cross_entropy,
            "unit",
            whole=_whole(_bce_of_sigmoid),
        ),
        Case(
            "soft_margin_loss",
            "F.soft_margin_loss(z, t)",
            losses.logistic,
            "margin",
            whole=_whole(lambda z, t: F.soft_margin_loss(z, t, reduction="none")),
        ),
        Case(
            "mse_loss",
            "F.mse_loss(z, t)",
            losses.squared_error,
            "real",
            whole=_whole(lambda z, t: F.mse_loss(z, t, reduction="none")),
        ),
        Case(
            "mse_loss(sigmoid)",
            "F.mse_loss(torch.sigmoid(z), t)",
            losses.sigmoid_squared_error,
            "unit",
            whole=_whole(lambda z, t: F.mse_loss(torch.sigmoid(z), t, reduction="none")),
        ),
        Case(
            "l1_loss",
            "F.l1_loss(z, t)",
            losses.absolute_error,
            "real",
            whole=_whole(lambda z, t: F.l1_loss(z, t, reduction="none")),
        ),
        Case(
            "huber_loss",
            "F.huber_loss(z, t)",
            losses.huber(delta=1.0),
            "real",
            whole=_whole(lambda z, t: F.huber_loss(z, t, reduction="none")),
        ),
        Case(
            "smooth_l1_loss",
            "F.smooth_l1_loss(z, t)",
            formulas.smooth_l1,
            "real",
            whole=_whole(lambda z, t: F.smooth_l1_loss(z, t, reduction="none")),
        ),
        Case(
            "poisson_nll_loss",
            "F.poisson_nll_loss(z, t)",
            formulas.poisson_nll,
            "count",
            whole=_whole(lambda z, t: F.poisson_nll_loss(z, t, reduction="none")),
        ),
        Case(
            "cross_entropy",
            "F.cross_entropy(z, t)",
            losses.softmax_cross_entropy,
            "one_hot",
            whole=_whole(lambda z, t: F.cross_entropy(z, t, reduction="none"), labels=True),
            labels=True,
        ),
        Case(
            "cross_entropy(probabilities)",
            "F.cross_entropy(z, t)",
            losses.softmax_cross_entropy,
            "simplex",
            whole=_whole(lambda z, t: F.cross_entropy(z, t, reduction="none")),
        ),
        Case(
            "kl_div(log_softmax)",
            "F.kl_div(torch.log_softmax(z, -1), t, reduction='sum')",
            losses.kl_divergence,
            "simplex",
            whole=_whole(lambda z, t: F.kl_div(torch.log_softmax(z, -1), t, reduction="none").sum(-1)),
        ),
        Case(
            "mse_loss(softmax)",
            "F.mse_loss(torch.softmax(z, -1), t, reduction='sum')",
            losses.softmax_squared_error,
            "simplex",
            whole=_whole(lambda z, t: F.mse_loss(torch.softmax(z, -1), t, reduction="none").sum(-1)),
        ),
        Case(
            "multi_margin_loss",
            "F.multi_margin_loss(z[None], t[None])",
            formulas.weston_watkins_mean,
            "one_hot",
            whole=_whole(lambda z, t: F.multi_margin_loss(z, t, reduction="none"), labels=True),
            labels=True,
            quantities=("value", "grad"),
            dtypes=("float32", "float64"),
        ),
    ),
    left_out={
        "hinge_embedding_loss, cosine_embedding_loss, margin_ranking_loss, triplet_margin_loss": "of embeddings",
        "ctc_loss": "of sequences",
        "gaussian_nll_loss": "squared error at a given variance",
        "multilabel_margin_loss, multilabel_soft_margin_loss": "of several labels; the second is a mean of sigmoid losses",
    },
)
