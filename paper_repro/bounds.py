"""Two bounds on the excess error of the plug-in decision, on synthetic posteriors.

With p the true posterior and q the model's, each deciding for its largest class, the excess error is
E_q - E_* = E_x[p_best - p_chosen].

KL (Pinsker):          (E_q - E_*)^2 <= 2 E_x KL(p || q)
SE (Cauchy-Schwarz):   (E_q - E_*)^2 <= 2 E_x sum_c (p_c - q_c)^2,   never looser than the KL bound

Textbook inequalities that need nothing from the paper, whose own bounds are not publicly readable.
"""

import numpy as np

PAIRS = 50_000
CLASSES = (2, 3, 10, 100, 1_000)
# A right-hand side may fall short of the left-hand one by float64 rounding only.
ROUNDING = 1e-12


def check(seed: int = 0) -> list[dict]:
    """One row per number of classes and kind of model, pointwise and averaged over 10 points x."""
    rng = np.random.default_rng(seed)
    rows = [_row(kind, c, *draw(rng, c)) for c in CLASSES for kind, draw in _MODELS.items()]
    return [*rows, _row("broken tie", 2, *_ties())]


def _row(model, classes, p, q):
    point = sides(p, q)
    # A mean over groups of x: Jensen's inequality keeps both bounds.
    mean = {name: values.reshape(10, -1).mean(axis=0) for name, values in point.items()}
    tightest = {name: float(np.max(point["excess"] ** 2 / _floor(point[name]))) for name in ("kl", "se")}
    return {
        "model": model,
        "classes": classes,
        "pairs": len(p),
        "wrong_decisions": float(np.mean(point["excess"] > 0)),
        "violations": sum(int(np.sum(v)) for v in (*_violations(point), *_violations(mean))),
        "margin": float(min(np.min(m) for m in (*_margins(point), *_margins(mean)))),
        "tightest_kl": tightest["kl"],
        "tightest_se": tightest["se"],
        "mean_bound_kl": float(np.sqrt(point["kl"].mean())),
        "mean_bound_se": float(np.sqrt(point["se"].mean())),
        "mean_excess": float(point["excess"].mean()),
    }


def sides(p: np.ndarray, q: np.ndarray) -> dict[str, np.ndarray]:
    """Left-hand side `excess` and the two right-hand sides `kl` and `se`, for posteriors (n, C)."""
    rows = np.arange(len(p))
    excess = p.max(axis=1) - p[rows, q.argmax(axis=1)]
    # Summed as p log(p/q) - p + q, every term is >= 0 and nothing cancels.
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0, p * np.log(p / q), 0) - p + q
    return {"excess": excess, "kl": 2 * terms.sum(axis=1), "se": 2 * ((p - q) ** 2).sum(axis=1)}


def _margins(s):
    """Right-hand side less left-hand side: SE bound, KL bound, and KL bound over SE bound."""
    return s["se"] - s["excess"] ** 2, s["kl"] - s["excess"] ** 2, s["kl"] - s["se"]


def _violations(s):
    return [margin < -ROUNDING for margin in _margins(s)]


def _floor(x):
    return np.maximum(x, 1e-300)


def _dirichlet(rng, classes, concentration):
    return rng.dirichlet(np.full(classes, concentration), _pairs(classes))


def _pairs(classes):
    return PAIRS if classes <= 10 else PAIRS // 10


def _independent(rng, classes):
    # A concentration of 1/4 and below leaves entries that underflow to 0, where KL is infinite and nothing is tested.
    return _dirichlet(rng, classes, 1.0), _dirichlet(rng, classes, 0.5)


def _near(rng, classes):
    p = _dirichlet(rng, classes, 1.0)
    return p, 0.9 * p + 0.1 * _dirichlet(rng, classes, 1.0)


def _overconfident(rng, classes):
    q = _dirichlet(rng, classes, 1.0)
    sharp = q**3 / (q**3).sum(axis=1, keepdims=True)
    return 0.5 * q + 0.5 * _dirichlet(rng, classes, 1.0), sharp


_MODELS = {"independent": _independent, "near": _near, "overconfident": _overconfident}


def _ties():
    """Near p = (1/2 - d, 1/2 + d), q is a hair on the wrong side of (1/2, 1/2): where both bounds become equalities."""
    d = np.geomspace(1e-4, 0.49, 1_000)[:, None] * [-1, 1]
    return 0.5 + d, 0.5 - 1e-9 * np.sign(d)
