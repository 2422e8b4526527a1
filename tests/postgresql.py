"""Start a real PostgreSQL server for the tests, and stop it again."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.browser.server import free_port


@contextmanager
def running(folder: Path) -> Iterator[int]:
    """Start a server of our own, from the system's package, and yield its port; skips where there is none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    if not folders:
        pytest.skip("PostgreSQL is not installed (/usr/lib/postgresql is absent)")
    # PostgreSQL refuses to run as root; its package made the user postgres.
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if become:
        shutil.chown(folder, "postgres")
    port = free_port()

    def do(program: str, *arguments: str) -> None:
        command = [*become, str(folders[-1] / program), "-D", str(folder / "data"), *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr + done.stdout

    do("initdb", "--username=tester", "--auth=trust", "--encoding=UTF8", "--no-sync")
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
    do("pg_ctl", "--wait", "--silent", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield port
    finally:
        do("pg_ctl", "--wait", "--silent", "-m", "immediate", "stop")
