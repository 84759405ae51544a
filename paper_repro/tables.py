"""Tables for the terminal, from records only."""

from rich.table import Table

# Pairs below which a difference is printed and no verdict given (Bouthillier et al. 2021 ask for 29).
ENOUGH = 30
NOT_REPRODUCED = (
    "Not reproduced here: the paper's speech and handwriting corpora, its network and its error rates (published: 30.9 to "
    "30.5 % and 22.7 to 21.9 % WER); the first is licensed, the others are not known. Data, networks, rates and starts are "
    "ours. Lines and strings of digits are built from isolated ones."
)


def theory(records: list[dict]) -> list[Table]:
    """What was proved or measured before any training."""
    parts = {(r["key"]["part"], *r["key"]["of"]): r for r in records}
    return [_equations(parts), _bounds(parts["bounds",]["rows"]), _reasons(parts), _false_zeros(parts)]


def _equations(parts):
    table = Table(title="Equations 11 (cross-entropy) and 12 (squared error)", title_justify="left")
    for name in ("claim", "where", "result"):
        table.add_column(name, overflow="fold")
    for (part, *of), r in parts.items():
        if part == "symbolic":
            classes = ", ".join(r["proved"])
            verdict = "proved (SymPy, rational functions)" if all(r["proved"].values()) else "REFUTED"
            table.add_row(f"Eq. {of[0]} is the derivative of the printed loss", f"C = {classes}", verdict)
        if part == "every gap" and of[1] == "float32":
            above = ", ".join(f"{count:,} above {limit}" for limit, count in r["above"].items())
            table.add_row(
                f"Eq. {of[0]} = derived gradient",
                f"all {r['points']:,} {of[1]} z1 - z2",
                f"{r['worst_ulp']:.3f} ulp at most, at {r['worst_want']:.3g} ({above}); {r['lost']:,} lost tails, "
                f"{r['wrong_nonfinite']:,} wrong NaN or infinity, {r['skipped']:,} subnormal inputs skipped",
            )
        elif part == "every gap":
            table.add_row(
                f"Eq. {of[0]} = derivative of the printed loss = derived gradient",
                f"all {r['points']:,} finite {of[1]} z1 - z2",
                f"exact arithmetic: apart by {r['apart_ulp64']:.2g} float64 ulp at most, {r['undecided']} undecided; "
                f"derived in {of[1]}: {r['derived']['max_ulp']:.3f} ulp at most, {r['derived']['lost']} lost tails",
            )
        if part == "ratio":
            low, high = r["classes"]
            verdict = "exact in fractions" if r["exact"] else "REFUTED"
            table.add_row(
                "SE signal = 2/C x CE signal at uniform output",
                f"C = {low} ... {high:,}",
                f"{verdict}; derived in float32: within {r['max_relative_error']:.1e}",
            )
    return table


def _bounds(rows):
    title = "Excess error of a model q of the posterior p, pair by pair: excess^2 <= SE bound <= KL bound"
    table = Table(title=title, title_justify="left")
    for name in (
        "q",
        "C",
        "pairs",
        "wrong",
        "violations",
        "of SE bound",
        "of KL bound",
        "excess",
        "SE bound",
        "KL bound",
    ):
        table.add_column(name, justify="left" if name == "q" else "right")
    for r in rows:
        table.add_row(
            r["model"],
            f"{r['classes']:,}",
            f"{r['pairs']:,}",
            f"{r['wrong_decisions']:.1%}",
            str(r["violations"]),
            f"{r['tightest_se']:.3g}",
            f"{r['tightest_kl']:.3g}",
            f"{r['mean_excess']:.2g}",
            f"{r['mean_bound_se']:.2g}",
            f"{r['mean_bound_kl']:.2g}",
        )
    table.caption = (
        "of SE, KL bound: the largest excess^2 / bound, 1 = tight; the last three are averages over the pairs"
    )
    return table


def _reasons(parts):
    cases = [of[0] for (part, *of) in parts if part == "curves"]
    table = Table(title="One gradient, confidently wrong: why is it small?", title_justify="left")
    for name in ("loss", "z", "exact", "derived float32", "jax.grad float32", "jax.grad bfloat16", "jax.grad float16"):
        table.add_column(name, justify="left" if name == "loss" else "right")
    for case in cases:
        r = parts["curves", case]
        for z in (0, 5, 10, 20, 40, 80):
            i = r["z"].index(z)
            found = [r["float32"]["derived"][i], *(r[d]["composed"][i] for d in ("float32", "bfloat16", "float16"))]
            table.add_row(case, str(z), *(_number(v) for v in (r["exact"][i], *found)))
        table.add_section()
    return table


def _number(value):
    return "0" if value == 0 else f"{value:.3g}"


def _false_zeros(parts):
    table = Table(
        title="False zeros: 0 where the exact gradient is a normal number of the dtype, z >= 0", title_justify="left"
    )
    for name in ("loss", "dtype", "points", "derived", "jax.grad", "from z =", "largest lost"):
        table.add_column(name, justify="left" if name in ("loss", "dtype") else "right")
    for (part, *of), r in parts.items():
        if part == "false zeros":
            lost = r["composed"]
            row = (f"{r['normal']:,}", str(r["derived"]["false_zeros"]), f"{lost['false_zeros']:,}")
            table.add_row(*of, *row, *("-" if v is None else f"{v:.4g}" for v in (lost["first"], lost["largest_lost"])))
    return table


def training(summary: list[dict], target: float) -> list[Table]:
    """Rates chosen, and the comparison."""
    comparisons = [r for r in summary if r["kind"] == "comparison"]
    return [
        _choices([r for r in summary if r["kind"] == "choice"]),
        _comparisons(comparisons),
        _course(comparisons, target),
    ]


def _choices(rows):
    table = Table(title="Learning rate chosen on the dev split, one grid for both losses", title_justify="left")
    for name in ("network and start", "loss", "rate", "dev error", "edge of the grid"):
        table.add_column(name, justify="right" if name in ("rate", "dev error") else "left")
    for r in rows:
        edge = "YES: widen it" if r["at_edge"] else "no"
        table.add_row(f"{r['network']}, {r['start']}", r["loss"], f"{r['rate']:g}", f"{r['dev_error']:.1%}", edge)
    return table


def _comparisons(rows):
    pairs = rows[0]["test_error"]["pairs"]
    enough = "" if pairs >= ENOUGH else f", not enough for a verdict ({ENOUGH})"
    table = Table(title=f"Test error, {pairs} paired seeds{enough}; intervals of 95 % over seeds", title_justify="left")
    for name in ("network and start", "rates", "CE %", "SE %", "CE - SE, points", "P(CE better)", "failed", "diverged"):
        table.add_column(name, justify="left" if name == "network and start" else "right")
    for r in rows:
        e = r["test_error"]
        table.add_row(
            f"{r['network']}, {r['start']}",
            _rates(r),
            f"{100 * e['a']:.1f}",
            f"{100 * e['b']:.1f}",
            f"{100 * e['difference']:+.2f} [{100 * e['low']:+.2f}, {100 * e['high']:+.2f}]",
            f"{e['better']:.2f} [{e['better_low']:.2f}, {e['better_high']:.2f}]",
            f"{r['CE']['failed']} / {r['SE']['failed']}",
            f"{r['CE']['diverged']} / {r['SE']['diverged']}",
        )
    table.caption = "CE / SE. failed: most test examples wrong at the end. diverged: NaN or infinity. Both stay in."
    return table


def _course(rows, target):
    title = f"Epochs to {target:.0%} test error (median), NLL, training examples with p(right) < 1 %"
    table = Table(title=title, title_justify="left")
    for name in (
        "network and start",
        "rates",
        "epochs CE",
        "epochs SE",
        "NLL CE",
        "NLL SE",
        "p < 1 %, CE",
        "p < 1 %, SE",
    ):
        table.add_column(name, justify="left" if name == "network and start" else "right")
    for r in rows:
        arms = (r["CE"], r["SE"])
        table.add_row(
            f"{r['network']}, {r['start']}",
            _rates(r),
            *(_epochs(arm, r["test_error"]["pairs"]) for arm in arms),
            *("inf" if arm["nll"] is None else f"{arm['nll']:.2f}" for arm in arms),
            *(f"{arm['confident_wrong']['start']:.0%} to {arm['confident_wrong']['end']:.0%}" for arm in arms),
        )
    return table


def _rates(row):
    return f"{row['rates']['CE']:.3g} / {row['rates']['SE']:.3g}"


def _epochs(arm, seeds):
    median = "never" if arm["epochs_to_target"] is None else f"{arm['epochs_to_target']:g}"
    return f"{median} ({arm['reached']}/{seeds})"
