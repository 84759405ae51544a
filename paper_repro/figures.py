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
_TITLES = {"small": "small start", "large": "large start", "saturated": "saturated start"}


def draw(theory: list[dict], summary: list[dict], folder: Path) -> list[Path]:
    """Write every figure whose records are there, as SVG and PNG; returns the paths of the PNGs."""
    parts = {(r["key"]["part"], *r["key"]["of"]): r for r in theory}
    choices = [r for r in summary if r["kind"] == "choice"]
    curves = [r for r in summary if r["kind"] == "curve"]
    with plot.styled():
        figures = {
            "three_reasons": three_reasons(parts),
            "learning_curves": over_epochs(curves, "test_error", "test error", log=True),
            "confidently_wrong": over_epochs(
                curves, "confident_wrong", "training examples with p(right) < 1 %", log=False
            ),
            "learning_rates": learning_rates(choices),
        }
        return [plot.save(figure, folder / name)[1] for name, figure in figures.items()]


def three_reasons(parts: dict):
    """Vanishing, 2/C, and the false zeros of autodiff."""
    figure = plot.figure(9.6, 3.5)
    left, middle, right = figure.subplots(1, 3)
    _vanishing(left, parts["vanishing",])
    _ratio(middle, parts["ratio",])
    _false_zeros(right, parts["curves", "squared_error(sigmoid(z))"])
    return figure


def _vanishing(ax, record):
    z = record["z"]
    for name, label, height in (("CE", "CE", 1.9), ("SE", "SE", 2e-6)):
        colour, style, _ = _ARMS[name, name]
        ax.plot(z, record[name], style, color=colour)
        ax.text(27 if name == "CE" else 15.5, height, label, color=colour, fontweight="bold")
    ax.set(yscale="log", xlim=(0, 30), ylim=(1e-12, 20), title="(i) confidently wrong: it vanishes")
    ax.set(
        xlabel="lead of the wrong class, $z_{wrong} - z_{right}$",
        ylabel=f"2-norm of $\\partial L/\\partial z$, {record['classes']} classes",
    )


def _ratio(ax, record):
    classes, measured = zip(*record["curve"])
    ax.plot(classes, [2 / c for c in classes], color=plot.GREY, label="$2/C$, exact")
    ax.plot(classes, measured, "o", color=plot.ORANGE, markersize=4, label="derived, float32")
    ax.set(xscale="log", yscale="log", title="(ii) uniform output: it is $2/C$ of CE's")
    ax.set(xlabel="classes $C$", ylabel="2-norm of SE signal / CE signal")
    ax.legend()


def _false_zeros(ax, record):
    z, exact = record["z"], [abs(v) for v in record["exact"]]
    ax.plot(z, exact, color=plot.GREY, linewidth=4, alpha=0.4, label="exact")
    ax.plot(
        z[::8],
        [abs(v) for v in record["float32"]["derived"]][::8],
        "o",
        color=plot.BLUE,
        markersize=4,
        label="derived, float32",
    )
    for dtype, colour, style in (
        ("float32", plot.ORANGE, "--"),
        ("float16", plot.PURPLE, "-."),
        ("bfloat16", plot.GREEN, ":"),
    ):
        known = [(x, abs(v)) for x, v in zip(z, record[dtype]["composed"]) if v]
        x, y = zip(*known)
        ax.plot(x, y, style, color=colour, label=f"jax.grad, {dtype}")
        ax.plot(x[-1], y[-1], "X", color=colour, markersize=7, markeredgecolor="white")
    ax.set(yscale="log", xlim=(0, 90), ylim=(1e-38, 20), title="(iii) jax.grad returns a false 0 after X")
    ax.set(xlabel="pre-activation $z$, target 0", ylabel="d squared_error(sigmoid($z$)) / d$z$")
    ax.legend(loc="lower left")


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
        _error_axis(ax) if log else ax.set(ylim=(0, 1))
        ax.yaxis.set_major_formatter(_PERCENT)
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
            markersize=6,
            markeredgecolor="white",
            label=f"{record['loss']}, chosen",
        )
    lowest, highest = choices[0]["grid"][0][0], choices[0]["grid"][-1][0]
    for ax in axes.values():
        ax.set(xscale="log", xlim=(lowest, highest))
        _error_axis(ax)
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


_PERCENT = PercentFormatter(1, decimals=0)


def _error_axis(ax):
    ax.set(yscale="log", ylim=(0.02, 1))
    ax.yaxis.set_major_locator(FixedLocator([0.02, 0.05, 0.1, 0.2, 0.5, 1]))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
    ax.yaxis.set_minor_formatter(NullFormatter())


def _finish(figure, axes, label):
    figure.supxlabel(label, fontsize=10)
    handles, labels = next(iter(axes.values())).get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(handles))
