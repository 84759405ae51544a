"""Where a long sweep keeps what it has done: one small JSON file, replaced whole or not at all."""

import hashlib
import json
import os
import re
from pathlib import Path

from ..subject import UsageError


def state_file(folder: Path, title: str, config: dict[str, str]) -> Path:
    """The file of one sweep: its title in safe characters and a hash of everything that its result depends on.

    Changed code, versions or settings give another file: what was computed under one is never continued under another.
    """
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()
    return folder / f"{re.sub(r'[^A-Za-z0-9.=-]+', '_', title)[:80]}-{digest[:16]}.json"


def load(path: Path) -> dict | None:
    """What was saved, or None. Raises: UsageError where the file is no state."""
    try:
        state = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except (ValueError, OSError) as error:
        raise UsageError(f"{path} cannot be read as the state of a sweep ({error}); remove it to start again") from None
    if not isinstance(state, dict) or "done" not in state:
        raise UsageError(f"{path} is not the state of a sweep; remove it to start again")
    return state


def save(path: Path, state: dict) -> None:
    """Replace the file whole: after a crash there is the old state or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    with open(new, "w") as file:
        json.dump(state, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
