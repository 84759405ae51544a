"""The text files that describe a corpus: their lines, or one sentence about what is wrong with them."""

from pathlib import Path

from lossjax.data.dataset import DataError


def lines(path: Path, what: str) -> list[str]:
    """The lines that are not empty, without blanks at their ends; what: the file's part in the corpus, for the message.

    Raises: DataError for a file that is missing, empty or not UTF-8.
    """
    try:
        found = [line for line in map(str.strip, path.read_text(encoding="utf-8").splitlines()) if line]
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"{path} is missing: {what}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({what}): {error}") from None
    if not found:
        raise DataError(f"{path} is empty: {what}")
    return found


def table(path: Path, what: str) -> dict[str, list[str]]:
    """First word of a line -> the words that follow it.

    Raises: DataError as `lines`, and where two lines begin with the same word.
    """
    found = {}
    for key, *rest in map(str.split, lines(path, what)):
        if key in found:
            raise DataError(f"{path} has two lines for {key}")
        found[key] = rest
    return found
