"""The pickles of the tests of public scanners, which have to find them: picklescan's (MIT), modelscan's (Apache 2.0).

`scanners.jsonl.xz`: a line that says where they are from, at which commit, under which license; then one for each, as
its bytes in Latin-1. What modelscan's tests make is left out where picklescan has the same.
"""

import json
import lzma
from pathlib import Path

from .assembler import Family, raw

_LINES = lzma.decompress(Path(__file__).with_name("scanners.jsonl.xz").read_bytes()).decode().split("\n")[1:]

SCANNERS: Family = {
    f"{line['of']}, {line['name']}": raw(line["pickle"].encode("latin-1"), ends=line["ends"])
    for line in map(json.loads, _LINES)
}
