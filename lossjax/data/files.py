"""Files of a data set: in a folder that somebody has filled, or fetched; never used before their SHA-256 is the known one."""

import gzip
import hashlib
import os
import zlib
from pathlib import Path

from ..extras import need
from .dataset import DataError

FOLDER = "LOSSJAX_DATA"


def folder(name: str, given: Path | None = None) -> Path | None:
    """The folder of a data set: `given`, else $LOSSJAX_DATA/name, else None.

    Raises: DataError where such a folder is named and is not there.
    """
    if given is None:
        root = os.environ.get(FOLDER)
        if not root:
            return None
        given = Path(root) / name
    if not given.is_dir():
        raise DataError(f"there is no folder {given} (looked for {name}; set {FOLDER} to the folder that holds it)")
    return given


def unzipped(path: Path, sha256: str) -> bytes:
    """The bytes inside a .gz file.

    sha256: of those bytes, as compression may differ.

    Raises: DataError for a file that is missing, damaged or another.
    """
    try:
        content = gzip.decompress(path.read_bytes())
    except FileNotFoundError:
        raise DataError(f"{path} is missing") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DataError(f"{path} is not the known file: what is inside has another SHA-256 than {sha256}")
    return content


def fetched(url: str, sha256: str) -> Path:
    """The file of this address from the cache of pooch, downloaded once; sha256: of the file as it is transferred.

    Raises: MissingExtraError without pooch, DataError where it cannot be had or is another file.
    """
    pooch = need("pooch", "data", "downloading a data set")
    try:
        return Path(pooch.retrieve(url, known_hash=f"sha256:{sha256}", path=pooch.os_cache("lossjax")))
    except ValueError as error:
        raise DataError(f"{url} is not the known file: {str(error).splitlines()[0]}") from None
    except OSError as error:
        raise DataError(f"cannot download {url}: {error}; or set {FOLDER} to a folder that holds it") from None
