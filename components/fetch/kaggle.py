"""Files of Kaggle's datasets and competitions, through kagglehub: it finds the credentials, resumes and checks."""

from __future__ import annotations

import contextlib
import io
import logging
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import tenacity

from components.errors import DataError
from components.fetch.catalogue import KaggleFile
from components.fetch.files import copy

_ATTEMPTS = 5
_WAIT = tenacity.wait_exponential(multiplier=0.5, max=10.0)  # seconds
_CREDENTIALS = "set KAGGLE_USERNAME and KAGGLE_KEY, or save your API token as ~/.kaggle/kaggle.json"
_ZIP = b"PK\3\4"
_NOT_FOUND = 404
_QUERY = re.compile(r"\?[^\s'\")>]+")  # of the signed addresses that Kaggle sends its callers to


def fetch_from_kaggle(file: KaggleFile, folder: Path) -> Path:
    """Fetches the file into the folder, by way of kagglehub's cache, and gives its path there.

    Raises:
        DataError: there are no credentials or they do not suffice, there is no such file, it cannot be downloaded or
            written.
    """
    for name in file.names:
        cached = _cached(file, name)
        if cached is not None:
            return _into(folder, cached, file)
    raise DataError(f"Kaggle has no {' or '.join(file.names)} at {file.page}; give a mirror or a path with --from")


def _cached(file: KaggleFile, name: str) -> Path | None:
    """The file in kagglehub's cache, or None where Kaggle has none of that name."""
    import kagglehub
    import kagglehub.exceptions
    import requests

    download = kagglehub.competition_download if file.of_competition else kagglehub.dataset_download
    # What kagglehub raises, and does not wrap: of the network, of credentials (ValueError), of its cache (OSError).
    try:
        with _quiet():
            return Path(_patiently(lambda: download(file.handle, name)))
    except kagglehub.exceptions.KaggleApiHTTPError as error:
        if error.response is not None and error.response.status_code == _NOT_FOUND:
            return None
        raise _refused(file, error.response) from error
    except kagglehub.exceptions.UnauthenticatedError as error:
        raise DataError(f"Kaggle wants to know who asks for {file.page}: {_CREDENTIALS}{_rules(file)}") from error
    except requests.RequestException as error:
        raise DataError(
            f"{file.page} cannot be downloaded ({_short(error)}); check the network and try again, or give a mirror or "
            "a path with --from"
        ) from error
    except kagglehub.exceptions.DataCorruptionError as error:
        raise DataError(f"{file.page}: {name} arrived damaged and was removed; try again") from error
    except (ValueError, OSError) as error:
        raise DataError(f"{file.page} cannot be fetched ({_short(error)}); mend that, or {_CREDENTIALS}") from error


def _patiently(download: Callable[[], str]) -> str:
    import requests
    from kagglehub.exceptions import DataCorruptionError

    # A connection that is cut off shows, before urllib3 2, by the checksum alone.
    cut_off = (requests.exceptions.ChunkedEncodingError, DataCorruptionError)
    passing = (requests.ConnectionError, requests.Timeout, *cut_off)
    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(_ATTEMPTS),
        wait=_WAIT,
        retry=tenacity.retry_if_exception_type(passing),
        reraise=True,
    )
    return retrying(download)


def _into(folder: Path, cached: Path, file: KaggleFile) -> Path:
    """Copies from the cache; kagglehub unpacks some zips and leaves others, under the name that was asked for."""
    is_zip = _begins_with(cached, _ZIP)
    if is_zip and not zipfile.is_zipfile(cached):
        cached.unlink()
        raise DataError(f"{file.page}: {cached.name} arrived cut off and was removed; try again")
    target = folder / (f"{cached.name.removesuffix('.zip')}.zip" if is_zip else cached.name.removesuffix(".zip"))
    copy(cached, target)
    return target


def _begins_with(path: Path, beginning: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(beginning)) == beginning


def _refused(file: KaggleFile, response: object) -> DataError:
    status = getattr(response, "status_code", None)
    if status in (401, 403):
        return DataError(f"Kaggle refuses {file.page} (answer {status}): {_CREDENTIALS}{_rules(file)}")
    return DataError(f"Kaggle answers {status} for {file.page}; try again later, or give a path with --from")


def _rules(file: KaggleFile) -> str:
    return f", and accept the competition's rules at {file.page}/rules" if file.of_competition else ""


def _short(error: BaseException) -> str:
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return _QUERY.sub("", first)[:300]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps kagglehub's log off standard output, and its progress bar off a standard error that is no terminal."""
    logger = logging.getLogger("kagglehub")
    level = logger.level
    logger.setLevel(logging.ERROR)
    elsewhere = contextlib.nullcontext() if sys.stderr.isatty() else contextlib.redirect_stderr(io.StringIO())
    try:
        with elsewhere:
            yield
    finally:
        logger.setLevel(level)
