"""A handful of real cells out of the public NIH zip by HTTP range requests: a few hundred kilobytes instead of 337 MB.

Nothing is kept on disk. Only the zip's list of files (about 4 MB) and the chosen cells are transferred.
"""

import os
import random
import threading
import zipfile
from collections import defaultdict
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import requests
import urllib3
from remotezip import RemoteZip

from malaria.errors import SourceError
from malaria.images import ImageFile, patient_of
from malaria.labels import CLASSES

DEFAULT_URL: Final = "https://data.lhncbc.nlm.nih.gov/public/Malaria/cell_images.zip"
URL_VARIABLE: Final = "MALARIA_NIH_ZIP_URL"
"""The environment variable that names another copy of the zip."""

TIMEOUT: Final = 15.0
"""Seconds to wait for a connection, and for each part of an answer."""

_LIST_BYTES: Final = 4 * 2**20  # fetched first, from the end of the zip: the list of its 27,558 cells in one request
_MAX_CELL_BYTES: Final = 2**20  # the largest NIH cell has 80 kB


class RemoteCells:
    """The NIH zip at its address, with its list of files read once; keep it to fetch again without reading it anew.

    `fetch` may be called from several threads, which then take turns. Close it, or use it in a `with` statement.
    """

    def __init__(self, url: str | None = None, timeout: float = TIMEOUT) -> None:
        """Read the list of files at `url` (default: the environment variable `MALARIA_NIH_ZIP_URL`, else NIH itself).

        Raises SourceError when there is no answer within `timeout` seconds, or none that can be used.
        """
        self.url = url or os.environ.get(URL_VARIABLE) or DEFAULT_URL
        self._timeout = timeout
        self._lock = threading.Lock()
        self._session = requests.Session()
        self._session.hooks["response"].append(_close_unless_partial)
        try:
            self._zip: zipfile.ZipFile = RemoteZip(
                self.url,
                initial_buffer_size=_LIST_BYTES,
                session=self._session,
                timeout=timeout,
                headers={"Accept-Encoding": "identity"},  # a packed answer would not be the range asked for
            )
        except Exception as error:  # from requests, urllib3, remotezip and zipfile, each with its own kinds
            self._session.close()
            raise self._explain(error) from error
        self._members = _group(self._zip)

    def fetch(self, n_per_class: int = 4, seed: int | None = None) -> list[ImageFile]:
        """Fetch `n_per_class` cells of each class (parasitized first), of as many different patients as there are.

        `seed` makes the choice repeatable. Each `ImageFile` has its path in the zip, whose folder is the given label.
        Raises SourceError when the server fails meanwhile or the zip has no cells in folders named as the classes.
        """
        chance = random.Random(seed)
        chosen = [member for label in CLASSES for member in _choose(self._members[label], n_per_class, chance)]
        if not chosen:
            raise self._tell(f"holds no cells in folders named {' and '.join(CLASSES)}")
        try:
            with self._lock:
                return [ImageFile(member.filename, self._zip.read(member)) for member in chosen]
        except Exception as error:
            raise self._explain(error) from error

    def close(self) -> None:
        self._zip.close()
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _explain(self, error: BaseException) -> SourceError:
        """What to tell of an error; remotezip wraps those of requests, which then are its context."""
        cause = error.__context__ if isinstance(error.__context__, requests.RequestException) else error
        if isinstance(cause, requests.Timeout | urllib3.exceptions.TimeoutError):
            return self._tell(f"did not answer within {self._timeout:g} seconds")
        if isinstance(cause, requests.HTTPError) and cause.response is not None:
            return self._tell(f"answered {cause.response.status_code} ({cause.response.reason})")
        if type(cause).__name__ == "RangeNotSupported":
            return self._tell("does not serve parts of a file")
        if isinstance(cause, zipfile.BadZipFile):
            return self._tell("sent something that is not a whole zip")
        return self._tell("cannot be reached")

    def _tell(self, what: str) -> SourceError:
        return SourceError(
            f"No NIH cells could be fetched: {urlsplit(self.url).hostname or self.url} {what}. Check the internet"
            f" connection, or set {URL_VARIABLE} to another copy of the zip; everything else works without it."
        )


def _close_unless_partial(response: requests.Response, **_: object) -> None:
    """Hang up on what is not the range asked for: it may be the whole 337 MB, and remotezip leaves it open."""
    if response.status_code != requests.codes.partial_content and not response.is_redirect:
        response.close()


Patients = dict[str | None, list[zipfile.ZipInfo]]


def _group(archive: zipfile.ZipFile) -> dict[str, Patients]:
    members: dict[str, Patients] = {label: defaultdict(list) for label in CLASSES}
    for member in archive.infolist():
        folder, _, name = member.filename.rpartition("/")
        label = folder.rpartition("/")[2]
        if label in members and name.lower().endswith(".png") and member.file_size <= _MAX_CELL_BYTES:
            members[label][patient_of(name)].append(member)
    return members


def _choose(patients: Patients, n: int, chance: random.Random) -> list[zipfile.ZipInfo]:
    """One cell of each of `n` patients; where there are fewer, further cells of the same."""
    shuffled = [chance.sample(cells, len(cells)) for cells in patients.values()]
    chance.shuffle(shuffled)
    rounds = range(max(map(len, shuffled), default=0))
    return [cells[turn] for turn in rounds for cells in shuffled if turn < len(cells)][:n]
