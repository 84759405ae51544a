"""The file of --output: refused before the work where that can be seen, in one sentence where it cannot be written."""

from pathlib import Path

from .fitting import UsageError


def writable(output: Path | None) -> None:
    """Raise UsageError for a file that cannot be."""
    if output is not None and not output.parent.is_dir():
        raise UsageError(f"--output: there is no folder {output.parent}; make it first")
    if output is not None and output.is_dir():
        raise UsageError(f"--output: {output} is a folder; name a file")


def folder(path: Path | None, option: str) -> None:
    """Make the folder of an option, or raise UsageError."""
    try:
        if path is not None:
            path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{option}: {path} cannot be made a folder: {error.strerror}") from None


def write(output: Path, text: str) -> None:
    """The text as the whole of the file, or UsageError."""
    try:
        output.write_text(text)
    except OSError as error:
        raise UsageError(f"--output: {output} cannot be written: {error.strerror}") from None
