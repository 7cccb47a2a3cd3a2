"""What a code package holds: read in memory and within bounds, whatever the archive says of itself."""

import asyncio
import gzip
import io
import tarfile
import time
import tracemalloc
from collections.abc import Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from archives import entry, hand_made, package, packed, tar
from metaflow_graphql.providers import usage
from metaflow_graphql.providers.base import BlobKey
from metaflow_graphql.providers.cache import ByteCache
from metaflow_graphql.providers.code_packages import (
    Contents,
    PackageKey,
    PackageReader,
    described,
    info_of,
    text_of,
)
from metaflow_graphql.providers.errors import ArtifactUnreadable, GatewayError, LimitExceeded
from metaflow_graphql.providers.local.datastore import LocalDatastore
from metaflow_graphql.providers.strangers_json import NotJSON
from metaflow_graphql.providers.tar_archives import Bounds, File, files
from running import Runs

BOUNDS = Bounds(inflated=4 * 2**20, entries=50)
BOUNDS_OF_REAL_ONES = Bounds(inflated=2**28, entries=20_000)
SHA = "0123456789" * 4


def read(archive: bytes, bounds: Bounds = BOUNDS) -> list[File]:
    return list(files(archive, lambda _path, _size: True, bounds))


def told(archive: bytes, bounds: Bounds = BOUNDS) -> Mapping[str, bytes | None]:
    return {file.path: file.content for file in read(archive, bounds)}


def refusal(archive: bytes, bounds: Bounds = BOUNDS) -> str:
    with pytest.raises(GatewayError) as raised:
        read(archive, bounds)
    return f"{type(raised.value).__name__}: {raised.value}"


DAMAGED = "ArtifactUnreadable: It is no tar archive in gzip, or a damaged one."
CONTENTS = {
    "a.py": b"print(1)\n",
    "empty": b"",
    "a block": b"x" * 512,
    "long/" + "d" * 90 + "/" + "e" * 90 + "/f.py": b"long",
    "very/" + "g" * 300 + ".py": b"very long",
    "ünï/🎉.py": "ä".encode(),
}


@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_files_and_their_contents_are_those_of_the_standard_library(format: int) -> None:
    contents = {name: content for name, content in CONTENTS.items() if format != tarfile.USTAR_FORMAT or len(name) < 99}
    assert told(package(contents, format)) == contents


def test_a_real_package_lists_as_the_standard_library_does(runs: Runs) -> None:
    packages = [path for path in (runs.datastore / "LinearFlow" / "data").glob("*/*") if path.stat().st_size > 500_000]
    for path in packages:
        with tarfile.open(path) as archive:
            expected = {member.name: member.size for member in archive.getmembers() if member.isfile()}
        assert {
            file.path: file.size for file in files(path.read_bytes(), lambda _path, _size: False, BOUNDS_OF_REAL_ONES)
        } == (expected)
    assert packages


@given(
    st.dictionaries(
        st.text(st.characters(exclude_characters="\0/\n", exclude_categories=["Cs"]), min_size=1), st.binary()
    )
)
@settings(max_examples=50, deadline=None)
def test_any_names_and_contents_are_read_back(contents: dict[str, bytes]) -> None:
    contents = {f"x{name}": content for name, content in contents.items()}
    assert told(package(contents)) == contents


def test_only_what_is_wanted_is_held() -> None:
    archive = package({"wanted": b"1", "other": b"2"})
    assert list(files(archive, lambda path, size: (path, size) == ("wanted", 1), BOUNDS)) == [
        File("wanted", 1, b"1"),
        File("other", 1, None),
    ]


def test_names_that_lead_elsewhere_are_listed_as_they_are() -> None:
    names = [b"../../etc/passwd", b"/etc/passwd", b"./a", b"a/../../b", b"C:\\x", b"-rf", b"a\nb", b".."]
    assert [file.path for file in read(hand_made(map(entry, names)))] == [name.decode() for name in names]


def test_a_name_that_is_not_utf8_has_replacement_characters() -> None:
    assert told(hand_made([entry(b"\xff\xfe.py", content=b"1")])) == {"\ufffd\ufffd.py": b"1"}


@pytest.mark.parametrize("kind", [b"1", b"2", b"3", b"4", b"5", b"6"])
def test_links_devices_folders_and_pipes_are_left_out_whatever_size_they_claim(kind: bytes) -> None:
    archive = hand_made([entry(b"link", kind, size=b"00000001000"), entry(b"file", content=b"1")])
    assert told(archive) == {"file": b"1"}


def test_unknown_types_are_left_out_with_their_contents() -> None:
    assert told(hand_made([entry(b"odd", b"D", b"x" * 700), entry(b"file", content=b"1")])) == {"file": b"1"}


def test_sparse_files_are_left_out() -> None:
    mapped = bytearray(entry(b"old", b"S", b"x" * 600))
    mapped[482] = 1  # another block of its map follows
    mapped[148:156] = b"%06o\0 " % (sum(mapped[:148]) + 8 * 32 + sum(mapped[156:512]))
    old = bytes(mapped[:512]) + b"\0" * 512 + bytes(mapped[512:])
    new = [entry(b"pax", b"x", b"22 GNU.sparse.major=1\n"), entry(b"new", content=b"x" * 10)]
    assert told(hand_made([old, *new, entry(b"file", content=b"1")])) == {"file": b"1"}


def test_of_two_files_of_one_name_the_last_counts() -> None:
    archive = hand_made([entry(b"a", content=b"first"), entry(b"a", content=b"2nd")])
    assert contents_of(archive, "a") == Contents({"a": 3}, None, b"2nd")


def test_a_header_for_all_files_names_none() -> None:
    archive = hand_made([entry(b"pax", b"g", b"12 path=evil\n"), entry(b"file", content=b"1")])
    assert told(archive) == {"file": b"1"}


PAX_RECORDS = [
    *(b"0 path=x\n", b"-5 path=x\n", b"999999 path=x\n", b"9 path=x", b"9path=xy\n", b"99999999999999999999 path=x\n"),
    *(
        b"8 pathxx\n",
        b" 9 path=x\n",
        b"11 size=-5\n",
        b"13 size=0x10\n",
        b"30 size=99999999999999999999\n",
        b"\xff\xff",
    ),
]


@pytest.mark.parametrize("records", PAX_RECORDS)
def test_records_that_are_none_are_damage(records: bytes) -> None:
    assert refusal(hand_made([entry(b"pax", b"x", records), entry(b"file")])) == DAMAGED


SIZES = [
    *(b"\xff" * 12, b"\xff" * 11 + b"\x01", b"\x80" + b"\xff" * 11, b"\x80" + b"\0" * 6 + b"\x7f" + b"\xff" * 4),
    *(b"77777777777", b"-0000000001", b"0x000000010", b"9", b"\xc3\xa4", b"\x81" + b"\0" * 11),
]


@pytest.mark.parametrize("kind", [b"0", b"x", b"L", b"K", b"g", b"S", b"D"])
@pytest.mark.parametrize("size", SIZES)
def test_a_size_that_is_negative_none_or_beyond_the_end_is_damage(size: bytes, kind: bytes) -> None:
    assert refusal(hand_made([entry(b"file", kind, b"x", size=size)])) == DAMAGED


def test_what_tells_of_a_file_is_never_long() -> None:
    for kind in (b"x", b"L"):
        assert refusal(hand_made([entry(b"pax", kind, b"x" * 70_000), entry(b"file")])) == DAMAGED


def test_a_checksum_that_is_wrong_is_damage() -> None:
    assert refusal(packed(b"x" * 512 + tar({"a": b""})[512:])) == DAMAGED


@pytest.mark.parametrize("cut", [1, 9, 20, 40, 60])
def test_an_archive_that_ends_too_early_is_damaged(cut: int) -> None:
    archive = package({"a": bytes(range(256)) * 4})
    assert refusal(archive[: len(archive) * cut // 101]) == DAMAGED


def test_an_archive_without_an_end_block_ends_with_its_bytes() -> None:
    assert told(packed(entry(b"a", content=b"1"))) == {"a": b"1"}


@pytest.mark.parametrize("archive", [b"", b"not gzip", tar({"a": b"1"}), gzip.compress(b"short", mtime=0)])
def test_what_is_no_archive_is_refused(archive: bytes) -> None:
    assert refusal(archive) == DAMAGED


def test_an_empty_archive_has_no_files() -> None:
    assert read(packed(b"")) == []


def test_several_gzip_members_are_one_archive_but_not_thousands() -> None:
    content = tar({"a": b"1"})
    assert told(packed(content[:700]) + packed(content[700:])) == {"a": b"1"}
    assert refusal(packed(b"") * 1000 + packed(content)) == DAMAGED


def test_a_bomb_is_refused_in_little_memory_and_time() -> None:
    archive = packed(entry(b"zeros", size=b"%011o" % 2**30) + b"\0" * 2**27)
    began = time.monotonic()
    tracemalloc.start()
    refused = refusal(archive, Bounds(inflated=2**26, entries=50))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused == "LimitExceeded: It inflates to more than 67108864 bytes (codeInflatedBytes in serverInfo.limits)."
    assert peak < 100 * 2**20  # a file that was wanted is held until then
    assert time.monotonic() - began < 10


def test_more_entries_or_longer_names_than_the_bounds_are_refused() -> None:
    many = hand_made([entry(b"a")] * 101)
    assert refusal(many) == "LimitExceeded: It holds too much: 50 files at most (codeFiles in serverInfo.limits)."
    only_headers = hand_made([entry(b"pax", b"x", b"12 path=abc\n")] * 101)
    assert refusal(only_headers).startswith("LimitExceeded: It holds too much")
    names = package({f"{number}" + "n" * 1000: b"" for number in range(10)})
    assert refusal(names, Bounds(2**20, 50, names=5_000)).startswith("LimitExceeded: It holds too much")


MUTATED = bytearray(tar(CONTENTS))


@given(st.lists(st.tuples(st.integers(0, len(MUTATED) - 1), st.integers(0, 255)), min_size=1, max_size=8))
@example([(124, 0xFF), (125, 0xFF)])
@settings(max_examples=300, deadline=None)
def test_no_mutation_does_more_than_be_refused(changes: list[tuple[int, int]]) -> None:
    content = MUTATED.copy()
    for at, byte in changes:
        content[at] = byte
        start = at - at % 512
        header = content[start : start + 512]
        # Else almost all would end at the checksum.
        content[start + 148 : start + 156] = b"%06o\0 " % (sum(header[:148]) + 8 * 32 + sum(header[156:]))
    try:
        found = read(packed(bytes(content)))
    except (ArtifactUnreadable, LimitExceeded):
        return
    assert sum(len(file.content or b"") for file in found) <= BOUNDS.inflated


@given(st.binary(max_size=3000))
@settings(max_examples=200, deadline=None)
def test_no_bytes_do_more_than_be_refused(content: bytes) -> None:
    for archive in (content, packed(content)):
        try:
            read(archive)
        except (ArtifactUnreadable, LimitExceeded):
            continue


class Stored(LocalDatastore):
    """A datastore that counts how often packages are read from it."""

    def __init__(self, package: bytes) -> None:
        super().__init__(None)
        self._package = package
        self.reads = 0

    async def blobs(self, keys: list[BlobKey], limit: int, budget: int) -> list[bytes | GatewayError | None]:
        self.reads += len(keys)
        return [self._package for _ in keys]


def key(file: str | None = None, sha: str = SHA) -> PackageKey:
    return PackageKey("default", BlobKey("", "Made", sha, raw=True), file)


def reader(archive: bytes) -> tuple[PackageReader, Stored]:
    datastore = Stored(archive)
    return PackageReader(datastore, ByteCache(2**20), BOUNDS), datastore


def contents_of(archive: bytes, file: str | None = None) -> Contents | GatewayError:
    (found,) = asyncio.run(reader(archive)[0].packages([key(file)]))
    return found


def test_a_package_is_read_once_for_all_that_is_asked_together() -> None:
    packages, datastore = reader(package({"a": b"1", "b": b"2"}))
    found = asyncio.run(packages.packages([key(), key("a"), key("b"), key("c")]))
    listed = {"a": 1, "b": 1}
    assert found == [Contents(listed, None, content) for content in (None, b"1", b"2", None)]
    assert datastore.reads == 1


def test_a_listing_is_kept_and_contents_are_not() -> None:
    packages, datastore = reader(package({"a": b"1"}))
    for file, reads in ((None, 1), (None, 1), ("absent", 1), ("a", 2), ("a", 3)):
        asyncio.run(packages.packages([key(file)]))
        assert datastore.reads == reads


def test_what_is_wrong_with_a_package_is_the_answer_to_all_who_ask() -> None:
    packages, _ = reader(b"no package")
    found = asyncio.run(packages.packages([key(), key("a")]))
    assert list(map(str, found)) == [DAMAGED.partition(": ")[2]] * 2


def test_a_file_that_is_too_large_costs_itself_alone() -> None:
    archive = package({"large": b"\0" * (4 * 2**20 + 1), "small": b"1"})
    packages = PackageReader(Stored(archive), ByteCache(2**20), Bounds(2**28, 50))
    large, small = asyncio.run(packages.packages([key("large"), key("small")]))
    assert str(large) == "A file of it has 4194305 bytes: more than codeFileBytes in serverInfo.limits."
    assert small == Contents({"large": 4194305, "small": 1}, None, b"1")


def test_contents_count_as_values_of_the_answer() -> None:
    token = usage.current.set(usage.Usage(values_left=5))
    try:
        packages, _ = reader(package({"a": b"12345", "b": b"6"}))
        first, second = asyncio.run(packages.packages([key("a"), key("b")]))
    finally:
        usage.current.reset(token)
    assert first == Contents({"a": 5, "b": 1}, None, b"12345")
    assert isinstance(second, LimitExceeded)


def test_an_answer_that_is_full_leaves_the_info_as_it_is_for_others() -> None:
    packages, _ = reader(package({"a": b"12345", "INFO": b"{}"}))
    token = usage.current.set(usage.Usage(values_left=5))
    try:
        asyncio.run(packages.packages([key("a"), key("INFO")]))
    finally:
        usage.current.reset(token)
    assert asyncio.run(packages.packages([key()])) == [Contents({"INFO": 2, "a": 5}, b"{}")]


INFO = b'{"script": "a.py", "production_token": "s3cret", "ext_info": [{"production_token": 1, "x": [1]}, {}]}'
WITHOUT = {"script": "a.py", "ext_info": [{"x": [1]}, {}]}


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ({"INFO": INFO}, WITHOUT),
        ({".mf_install": b"{}", ".mf_meta/INFO": INFO}, WITHOUT),
        # Each layout has its own place; in the other's, it is a file of the user's.
        ({".mf_install": b"{}", "INFO": INFO}, None),
        ({".mf_meta/INFO": INFO}, None),
        ({}, None),
    ],
)
def test_info_is_found_in_both_layouts_and_tells_no_token(listed: dict[str, bytes], expected: object) -> None:
    found = contents_of(package(listed))
    assert isinstance(found, Contents)
    assert info_of(found) == expected


@pytest.mark.parametrize("info", [b"", b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000, b"1" * 5000, b" " * (2**20 + 1)])
def test_an_info_that_is_none_is_unreadable(info: bytes) -> None:
    found = contents_of(package({"INFO": info}))
    assert isinstance(found, Contents)
    with pytest.raises(ArtifactUnreadable, match="Its INFO"):
        info_of(found)


def test_texts_are_utf8_and_an_info_among_them_tells_no_token() -> None:
    assert text_of("a.py", "ä".encode()) == "ä"
    assert text_of("a.bin", b"\xff") is None
    assert text_of("INFO", b'{"a":  1}') == '{"a":  1}'
    for path in ("INFO", ".mf_meta/INFO", "./INFO", "/x/../INFO"):
        assert text_of(path, INFO) == '{"script":"a.py","ext_info":[{"x":[1]},{}]}'
    assert text_of("INFO", INFO[:-1]) is None
    assert text_of("docs/INFO", b"about") == "about"
    escaped = INFO.replace(b"production_token", b"production\\u005ftoken")
    assert text_of("INFO", escaped) == '{"script":"a.py","ext_info":[{"x":[1]},{}]}'


def test_a_package_is_where_the_flow_keeps_its_blobs_whatever_flow_its_location_names() -> None:
    location = f"s3://bucket/pre/Other/data/01/{SHA}"
    found = described(f'{{"sha": "{SHA}", "location": "{location}", "ds_type": "s3", "metadata": null}}', "Ä")
    assert (found.location, found.blob) == (location, BlobKey("s3://bucket/pre", "Ä", SHA, raw=True))
    assert found.blob.path == f"Ä/data/01/{SHA}"


@pytest.mark.parametrize("location", ["null", "5", '""'])
def test_a_package_need_not_tell_where_it_lies(location: str) -> None:
    found = described(f'{{"sha": "{SHA}", "location": {location}}}', "Made")
    assert (found.location, found.blob) == (None, BlobKey("", "Made", SHA, raw=True))


@pytest.mark.parametrize(
    "recorded", ["", "{", "null", "[]", "{}", '{"sha": 5}', '{"sha": "../../etc/passwd"}', f'{{"sha": "{SHA}0"}}']
)
def test_metadata_that_name_no_package_are_refused(recorded: str) -> None:
    with pytest.raises(NotJSON):
        described(recorded, "Made")


def test_the_reader_agrees_with_the_standard_library_on_hand_made_archives() -> None:
    archive = hand_made([entry(b"a", content=b"1"), entry(b"d/", b"5"), entry(b"l", b"2"), entry(b"b/c", b"7", b"22")])
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        expected = {member.name: member.size for member in opened.getmembers() if member.isfile()}
    assert {file.path: file.size for file in read(archive)} == expected == {"a": 1, "b/c": 2}
