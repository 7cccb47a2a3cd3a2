"""Contents kept in a folder: right or not at all, within the limit, by several processes."""

import hashlib
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from metaflow_graphql.providers.disk_cache import DiskCache

LIMIT = 100_000
AT = "s3://bucket/Made/data"


def sha_of(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


def content_of(number: int, size: int = 1000) -> bytes:
    return f"{number} ".encode().ljust(size, b".")


def path_of(folder: Path, content: bytes) -> Path:
    name = sha_of(f"{AT}\n{sha_of(content)}".encode())
    return folder / name[:2] / name


def put(cache: DiskCache, content: bytes) -> None:
    cache.put(AT, sha_of(content), content)


def used(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def age(path: Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds, time.time() - seconds))


def test_what_was_put_is_there_for_other_processes_too(tmp_path: Path) -> None:
    put(DiskCache(tmp_path / "cache", LIMIT), b"content")
    assert DiskCache(tmp_path / "cache", LIMIT).get(AT, sha_of(b"content"), 7) == b"content"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [path_of(tmp_path / "cache", b"content")]


def test_what_was_never_put_is_not_there(tmp_path: Path) -> None:
    assert DiskCache(tmp_path / "nowhere", LIMIT).get(AT, sha_of(b"content"), LIMIT) is None


def test_more_than_is_wanted_is_not_given(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, LIMIT)
    put(cache, b"content")
    assert (cache.get(AT, sha_of(b"content"), 6), cache.get(AT, sha_of(b"content"), 7)) == (None, b"content")


def test_what_is_used_least_goes_first(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, LIMIT)
    contents = [content_of(number) for number in range(100)]
    for number, content in enumerate(contents):
        put(cache, content)
        age(path_of(tmp_path, content), 10_000 - number)
    assert used(tmp_path) == LIMIT
    assert cache.get(AT, sha_of(contents[0]), LIMIT) == contents[0]
    put(cache, b"one more")
    assert used(tmp_path) <= LIMIT
    kept = [number for number, content in enumerate(contents) if path_of(tmp_path, content).exists()]
    assert kept == [0, *range(100 - len(kept) + 1, 100)]
    assert len(kept) >= 89


def test_the_limit_holds_at_all_times(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, LIMIT)
    most = 0
    for number in range(300):
        put(cache, content_of(number, 100 + number * 37 % 3000))
        most = max(most, used(tmp_path))
    assert LIMIT * 0.8 < most <= LIMIT


def test_what_would_take_a_quarter_is_not_kept(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, LIMIT)
    for size in (LIMIT // 4, LIMIT // 4 + 1):
        put(cache, bytes(size))
    assert used(tmp_path) == LIMIT // 4


@pytest.mark.parametrize("damage", [b"", b"conten", b"contenT", b"content and more"])
def test_a_damaged_entry_is_dropped(tmp_path: Path, damage: bytes) -> None:
    cache = DiskCache(tmp_path, LIMIT)
    put(cache, b"content")
    path_of(tmp_path, b"content").write_bytes(damage)
    assert cache.get(AT, sha_of(b"content"), LIMIT) is None
    assert not path_of(tmp_path, b"content").exists()
    put(cache, b"content")
    assert cache.get(AT, sha_of(b"content"), LIMIT) == b"content"


def test_nothing_is_followed_out_of_it(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "cache", LIMIT)
    put(cache, b"content")
    path = path_of(tmp_path / "cache", b"content")
    path.rename(tmp_path / "secret")
    path.symlink_to(tmp_path / "secret")
    assert cache.get(AT, sha_of(b"content"), LIMIT) is None
    path.unlink()
    os.mkfifo(path)
    assert cache.get(AT, sha_of(b"content"), LIMIT) is None


@pytest.mark.parametrize("at", ["", "..", "../../secret", "/etc", "x\n"])
def test_no_place_leads_out_of_it(tmp_path: Path, at: str) -> None:
    cache = DiskCache(tmp_path / "cache", LIMIT)
    cache.put(at, sha_of(b"content"), b"content")
    assert cache.get(at, sha_of(b"content"), LIMIT) == b"content"
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_what_lies_elsewhere_is_not_had_by_its_digest(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, LIMIT)
    put(cache, b"content")
    assert cache.get("s3://bucket/Other/data", sha_of(b"content"), LIMIT) is None


@pytest.mark.parametrize("where", ["a file", "no permission", "a folder in its place"])
def test_a_cache_that_does_not_work_costs_nothing(tmp_path: Path, where: str) -> None:
    folder = tmp_path / "cache"
    cache = DiskCache(folder, LIMIT)
    if where == "a file":
        folder.write_bytes(b"")
    elif where == "no permission":
        folder = Path("/proc/1/nowhere")
        cache = DiskCache(folder, LIMIT)
    else:
        path_of(folder, b"content").mkdir(parents=True)
    put(cache, b"content")
    assert cache.get(AT, sha_of(b"content"), LIMIT) is None


def test_what_was_left_unfinished_goes_in_time(tmp_path: Path) -> None:
    folder = tmp_path / "ab"
    folder.mkdir()
    for name, seconds in (("tmp-old", 7200), ("tmp-new", 60), ("README", 7200)):
        (folder / name).write_bytes(b"x")
        age(folder / name, seconds)
    put(DiskCache(tmp_path, LIMIT), b"content")
    assert sorted(path.name for path in folder.iterdir()) == ["README", "tmp-new"]


def test_threads_share_it(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path, LIMIT)
    contents = [content_of(number) for number in range(150)]

    def use(start: int) -> list[bytes | None]:
        found = list[bytes | None]()
        for content in contents[start:] + contents[:start]:
            put(cache, content)
            found.append(cache.get(AT, sha_of(content), LIMIT))
        return found

    with ThreadPoolExecutor(4) as threads:
        found = [entry for entries in threads.map(use, (0, 40, 80, 120)) for entry in entries]
    assert {entry for entry in found if entry is not None} <= set(contents)
    assert used(tmp_path) <= LIMIT


_PROCESS = """
import hashlib, sys
from pathlib import Path
from metaflow_graphql.providers.disk_cache import DiskCache

cache = DiskCache(Path(sys.argv[1]), int(sys.argv[2]))
wrong = 0
for number in range(600):
    content = f"{number * int(sys.argv[3]) % 300} ".encode().ljust(1000, b".")
    sha = hashlib.sha1(content).hexdigest()
    found = cache.get("at", sha, 1000)
    wrong += found not in (None, content)
    cache.put("at", sha, content)
print(wrong)
"""


def test_processes_share_it(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _PROCESS, str(tmp_path), str(LIMIT), step], stdout=subprocess.PIPE, text=True
        )
        for step in ("1", "7", "11")
    ]
    assert [process.communicate()[0] for process in processes] == ["0\n"] * 3
    assert used(tmp_path) <= LIMIT * (1 + 3 / 16)
    put(DiskCache(tmp_path, LIMIT), b"one more")
    assert used(tmp_path) <= LIMIT
