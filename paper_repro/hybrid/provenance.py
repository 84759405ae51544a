"""What the records of networks and of recognition depend on besides their keys."""

from pathlib import Path

from lossjax.training import records

_ROOM = Path(__file__).parent
# Of lossjax: neither the checker nor anything that draws has a part in a network.
ROOMS = ("losses", "training", "data")
# The settings in config.py, and what stages.py chooses by them, are part of the keys.
SOURCES = tuple(
    sorted(
        [
            *(_ROOM / f"{n}.py" for n in ("criteria", "frames", "gaussians", "measures", "networks", "newbob")),
            *(_ROOM / f"{n}.py" for n in ("pretraining", "runs", "scoring", "starts", "training", "weights")),
            *(_ROOM.parent / "recogniser").glob("*.py"),
            *(_ROOM.parent / "corpora").glob("*.py"),
        ]
    )
)


def provenance() -> dict:
    """As `records.provenance` has it."""
    return records.provenance(*SOURCES, rooms=ROOMS)
