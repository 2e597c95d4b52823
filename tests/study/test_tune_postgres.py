"""A search in a real PostgreSQL server, where one is installed."""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.study.test_tune_kill import SCENARIO, Search, results, search_alone

TOOLS = ("initdb", "postgres", "createdb", "pg_isready")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Address of a database on a server of our own, which listens on the loopback address only."""
    pytest.importorskip("psycopg")
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"PostgreSQL is not installed: no {', '.join(missing)}")
    # the server refuses to run for the superuser, who can make it run for somebody else
    user = "nobody" if os.geteuid() == 0 else getpass.getuser()
    account = pwd.getpwnam(user)
    as_user: dict[str, Any] = {"user": user, "cwd": "/"} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp())
    process = None
    try:
        os.chown(folder, account.pw_uid, account.pw_gid)
        data = folder / "data"
        init = ["initdb", "-D", str(data), "-U", "me", "--auth=trust", "--no-sync"]
        subprocess.run(init, check=True, capture_output=True, **as_user)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        serve = ["postgres", "-D", str(data), "-p", port, "-h", "127.0.0.1", "-k", str(folder)]
        process = subprocess.Popen([*serve, "-F"], stderr=subprocess.DEVNULL, **as_user)
        where = ["-h", "127.0.0.1", "-p", port]
        for _ in range(200):
            if subprocess.run(["pg_isready", "-q", *where, "-t", "1"], check=False).returncode == 0:
                break
            time.sleep(0.1)
        subprocess.run(["createdb", *where, "-U", "me", "searches"], check=True)
        yield f"postgresql://me@127.0.0.1:{port}/searches"
    finally:
        if process is not None:
            process.terminate()
            process.wait(timeout=30)
        shutil.rmtree(folder)


@pytest.mark.slow
def test_two_machines_share_a_search_as_one_would_do_it(server: str, tmp_path: Path) -> None:
    file = tmp_path / "killed.yaml"
    file.write_text(SCENARIO.replace("trials: 20", "trials: 10"))
    search_alone(file, tmp_path / "alone")
    storage = ["--storage", server]
    searches = [Search(file, tmp_path / name, *storage) for name in ("first", "second")]
    assert [search.end() for search in searches] == [(0, ""), (0, "")]
    alone = results(tmp_path / "alone")
    assert results(tmp_path / "first") == alone
    assert results(tmp_path / "second") == alone
    # once more, from a third folder: every trial is in the database
    third = Search(file, tmp_path / "third", *storage)
    assert third.end() == (0, "")
    assert results(tmp_path / "third") == alone
    # one of the two may have found every trial taken by the other, but not both
    assert third.done() < max(search.done() for search in searches)
