"""Figures, from records only."""

from pathlib import Path

from matplotlib.ticker import FixedLocator, FuncFormatter, NullFormatter, PercentFormatter

from lossjax import plot

# (loss, tuned for) -> colour, line style, label.
_ARMS = {
    ("CE", "CE"): (plot.BLUE, "-", "cross-entropy (CE), own best rate"),
    ("SE", "SE"): (plot.ORANGE, "--", "squared error (SE), own best rate"),
    ("SE", "CE"): (plot.GREEN, "-.", "squared error (SE), the rate of CE"),
}
_DTYPES = (("float32", plot.ORANGE, "--"), ("float16", plot.PURPLE, "-."), ("bfloat16", plot.GREEN, ":"))
_BAND = "mean and 8 of 10 seeds"
_TITLES = {"small": "small start", "large": "large start", "saturated": "saturated start"}


def figures(theory: list[dict], summary: list[dict], folder: Path) -> list[Path]:
    """Write every figure whose records are there, as SVG and PNG; returns the paths of the PNGs."""
    parts = {(r["key"]["part"], *r["key"]["of"]): r for r in theory}
    choices = [r for r in summary if r["kind"] == "choice"]
    curves = [r for r in summary if r["kind"] == "curve"]
    with plot.styled():
        drawn = {
            "three_reasons": three_reasons(parts),
            "learning_curves": over_epochs(curves, "test_error", f"test error, {_BAND}", log=True),
            "confidently_wrong": over_epochs(
                curves, "confident_wrong", f"training examples with p(right) < 1 %, {_BAND}", log=False
            ),
            "learning_rates": learning_rates(choices),
        }
        return [plot.save(figure, folder / name)[1] for name, figure in drawn.items()]


def three_reasons(parts: dict):
    """Vanishing, 2/C, and the false zeros of autodiff."""
    figure = plot.figure(9.6, 3.5)
    left, middle, right = figure.subplots(1, 3)
    _vanishing(left, parts["vanishing",])
    _ratio(middle, parts["ratio",])
    _false_zeros(right, parts["curves", "squared_error(sigmoid(z))"])
    return figure


def _vanishing(ax, record):
    for name, x, y in (("CE", 26, 2.5), ("SE", 19, 1e-6)):
        colour, style, _ = _ARMS[name, name]
        ax.plot(record["z"], record[name], style, color=colour)
        ax.text(x, y, name, color=colour, fontweight="bold")
    ax.set(yscale="log", xlim=(0, 30), ylim=(1e-12, 20), title="(i) confidently wrong: it vanishes")
    ax.set(xlabel="lead of the wrong class, $z_{wrong} - z_{right}$")
    ax.set(ylabel=f"2-norm of $\\partial L/\\partial z$, {record['classes']} classes")


def _ratio(ax, record):
    classes, measured = zip(*record["curve"])
    ax.plot(classes, [2 / c for c in classes], color=plot.GREY, label="$2/C$, exact")
    ax.plot(classes, measured, "o", color=plot.ORANGE, markersize=4, label="derived, float32")
    ax.set(xscale="log", yscale="log", title="(ii) uniform output: it is $2/C$ of CE's")
    ax.set(xlabel="classes $C$", ylabel="2-norm of SE signal / CE signal")
    ax.legend()


def _false_zeros(ax, record):
    z, lowest = record["z"], 1e-12
    ax.plot(z, record["exact"], color=plot.GREY, linewidth=5, alpha=0.4, label="exact")
    ax.plot(z[1::4], record["float32"]["derived"][1::4], "o", color=plot.BLUE, markersize=4, label="derived, float32")
    for dtype, colour, style in _DTYPES:
        x, y = zip(*[(x, y) for x, y in zip(z, record[dtype]["composed"]) if y])
        ax.plot([*x, x[-1]], [*y, lowest], style, color=colour, label=f"jax.grad, {dtype}")
        ax.plot(x[-1], y[-1], "X", color=colour, markersize=8, markeredgecolor="white")
    ax.set(yscale="log", xlim=(0, 30), ylim=(lowest, 20), title="(iii) jax.grad: a false 0 from X on")
    ax.set(xlabel="pre-activation $z$, target 0", ylabel="gradient of squared_error(sigmoid($z$))")
    ax.legend(loc="upper right")


def over_epochs(curves: list[dict], quantity: str, label: str, *, log: bool):
    """One panel a network and start: mean over seeds with the band of 8 in 10."""
    figure, axes = _panels(curves, label)
    for record in curves:
        ax, band = axes[record["network"], record["start"]], record[quantity]
        colour, style, name = _ARMS[record["loss"], record["tuned_for"]]
        epochs = range(len(band["mean"]))
        ax.plot(epochs, band["mean"], style, color=colour, label=name)
        ax.fill_between(epochs, band["low"], band["high"], color=colour, alpha=0.15, linewidth=0)
        ax.set_xlim(0, len(epochs) - 1)
    for ax in axes.values():
        if log:
            _error_axis(ax, 0.05)
        else:
            ax.set(ylim=(-0.02, 1))
            ax.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    _finish(figure, axes, "epochs")
    return figure


def learning_rates(choices: list[dict]):
    """Dev error at the end of training against the learning rate: the common grid, the chosen rate marked."""
    figure, axes = _panels(choices, "dev error, last tenth of the epochs")
    for record in choices:
        ax = axes[record["network"], record["start"]]
        colour, style, _ = _ARMS[record["loss"], record["loss"]]
        name = {"CE": "cross-entropy (CE)", "SE": "squared error (SE)"}[record["loss"]]
        ax.plot(*zip(*record["grid"]), style, color=colour, label=name)
        if record["loss"] == "CE" and record["start"] == "small":
            ax.plot(*zip(*record["scaled"]), ":", color=plot.GREY, label="CE, its rate times C/2", zorder=1)
        ax.plot(
            record["rate"],
            record["dev_error"],
            "o",
            color=colour,
            # The larger mark still shows where both chose the same.
            markersize={"CE": 10, "SE": 6}[record["loss"]],
            markeredgecolor="white",
            label=f"{record['loss']}, chosen",
        )
    lowest, highest = choices[0]["grid"][0][0], choices[0]["grid"][-1][0]
    for ax in axes.values():
        ax.set(xscale="log", xlim=(lowest, highest))
        _error_axis(ax, 0.018)
    _finish(figure, axes, "learning rate")
    return figure


def _panels(records, label):
    networks, starts = (list(dict.fromkeys(r[name] for r in records)) for name in ("network", "start"))
    figure = plot.figure(9.6, 5.4)
    grid = figure.subplots(len(networks), len(starts), sharex=True, sharey=True, squeeze=False)
    axes = {(n, s): grid[i][j] for i, n in enumerate(networks) for j, s in enumerate(starts)}
    for (network, start), ax in axes.items():
        ax.set_title(f"{network}, {_TITLES.get(start, start)}")
    figure.supylabel(label, fontsize=10)
    return figure, axes


def _error_axis(ax, lowest):
    ax.set(yscale="log", ylim=(lowest, 1))
    ax.yaxis.set_major_locator(FixedLocator([0.02, 0.05, 0.1, 0.2, 0.5, 1]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
    ax.yaxis.set_minor_formatter(NullFormatter())


def _finish(figure, axes, label):
    figure.supxlabel(label, fontsize=10)
    handles, labels = next(iter(axes.values())).get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(handles))
