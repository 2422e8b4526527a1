"""Fetch the whole public set: with progress, going on where a broken download stopped, and with its hash checked."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pooch
import requests

from malaria.dataset.public_cells import DEFAULT_URL, TIMEOUT, URL_VARIABLE
from malaria.errors import SourceError
from malaria.images import open_source

KNOWN_SHA256: Final[str | None] = None
"""SHA-256 of the public zip, in hexadecimal. Nobody here has seen it yet: until it is filled in, a download is held
against the hash of the first one into the same folder, or one that the user gives."""

_CHUNK: Final = 2**16

Progress = Callable[[int, int | None], object]
"""Called with the bytes that are there and the bytes that there will be, None where the server does not say."""


@dataclass(frozen=True)
class Fetched:
    """A fetched file: where it is, its SHA-256, the number of images in it.

    `checked_against` says what its hash was compared with: "given", "known" or "recorded" (by an earlier fetch); None
    where there was nothing to compare with, so that only the zip's own checksums speak for it.
    """

    path: Path
    sha256: str
    images: int
    checked_against: str | None


def fetch(folder: Path, url: str | None = None, sha256: str | None = None, progress: Progress | None = None) -> Fetched:
    """Download the zip at `url` into `folder` unless it is there already, and check it.

    `url` is the public set's unless given or named by the environment variable `MALARIA_NIH_ZIP_URL`; `sha256` what its
    hash must be. The hash is written beside the zip as `sha256sum` has it. A download that breaks off is kept as
    `NAME.part`, and the next call goes on from there if the file at the address has not changed.

    Raises SourceError when the server fails, the hash is another, or what came is no zip of images.
    """
    address = url or os.environ.get(URL_VARIABLE) or DEFAULT_URL
    name = Path(urlsplit(address).path).name or "cell_images.zip"
    path, record = folder / name, folder / f"{name}.sha256"
    wanted, source = _find_wanted_hash(sha256, record)
    logger = pooch.get_logger()
    logger.setLevel("ERROR")  # it would print to standard error what is said here in other words
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pooch.retrieve(
            address, f"sha256:{wanted}" if wanted else None, name, folder, downloader=_Resuming(path, progress)
        )
        found = pooch.file_hash(str(path))
        record.write_text(f"{found}  {name}\n")
    except ValueError:
        raise SourceError(_say_other_hash(address, name, source or "", record)) from None
    except requests.RequestException as error:
        raise SourceError(_say_broken(address, path, error)) from error
    except OSError as error:
        raise SourceError(f"{folder}: It cannot be written to ({error.strerror}). Name another folder.") from error
    with open_source(path) as images:
        return Fetched(path, found, len(images), source)


def _find_wanted_hash(sha256: str | None, record: Path) -> tuple[str | None, str | None]:
    """The hash that the file must have, and where that is known from."""
    if sha256:
        return sha256.strip().lower(), "given"
    if KNOWN_SHA256:
        return KNOWN_SHA256, "known"
    with suppress(OSError, IndexError):
        return record.read_text().split()[0], "recorded"
    return None, None


class _Resuming:
    """What pooch calls to download: appends to `NAME.part` by HTTP range requests, and hands that over when whole."""

    def __init__(self, path: Path, progress: Progress | None) -> None:
        self._part = path.with_name(f"{path.name}.part")
        self._version = path.with_name(f"{path.name}.part.version")
        self._progress = progress or (lambda done, total: None)

    def __call__(self, url: str, output_file: str, _pooch: object, check_only: bool = False) -> None:
        """Download `url` to `output_file`. Raises what requests raises."""
        there = self._part.stat().st_size if self._part.exists() and self._version.exists() else 0
        headers = {"Accept-Encoding": "identity"}
        if there:
            headers |= {"Range": f"bytes={there}-", "If-Range": self._version.read_text()}
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            too_far = answer.status_code == requests.codes.requested_range_not_satisfiable
            if not too_far:
                answer.raise_for_status()
                goes_on = answer.status_code == requests.codes.partial_content
                self._receive(answer, there if goes_on else 0)
        if too_far:  # the part is no beginning of the file: without it
            self._part.unlink()
            self(url, output_file, _pooch)
            return
        os.replace(self._part, output_file)
        self._version.unlink(missing_ok=True)

    def _receive(self, answer: requests.Response, there: int) -> None:
        """Append what arrives to the part, of which `there` bytes count."""
        version = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
        if version and not version.startswith("W/"):  # only a strong one promises that the bytes are the same
            self._version.write_text(version)
        else:
            self._version.unlink(missing_ok=True)
        length: Any = answer.headers.get("Content-Length")
        total = there + int(length) if length else None
        with self._part.open("ab" if there else "wb") as part:
            for chunk in answer.iter_content(_CHUNK):
                part.write(chunk)
                there += len(chunk)
                self._progress(there, total)


def _say_other_hash(address: str, name: str, source: str, record: Path) -> str:
    because = {
        "given": "the SHA-256 that was given",
        "known": "the SHA-256 that this program knows",
        "recorded": f"the SHA-256 that an earlier download wrote to {record.name}",
    }[source]
    mend = f"delete {record.name} if the file was changed on purpose" if source == "recorded" else "check the address"
    return f"{name}: The file from {address} does not match {because}, and was deleted. Try again, or {mend}."


def _say_broken(address: str, path: Path, error: requests.RequestException) -> str:
    host = urlsplit(address).hostname or address
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"{host} answered {error.response.status_code} ({error.response.reason}). Check the address: {address}"
    part = path.with_name(f"{path.name}.part")
    got = part.stat().st_size / 1e6 if part.exists() else 0
    kept = f" after {got:.1f} MB, which are kept. Run the same again to go on from there." if got else "."
    mend = f"Check the internet connection, or set {URL_VARIABLE} to another copy."
    return f"The download from {host} broke off{kept} {mend}"
