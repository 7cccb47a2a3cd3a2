"""Included files: what an artifact says of where one lies leads to files of its own flow alone."""

import gzip
import hashlib
import json
import pickle
from pathlib import Path

import pytest

from in_process import errors_of, opened
from local_trees import EPOCH_MS, put, put_object

CONTENT = b"what a file holds"
SHA = hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest()
QUERY = '{ task(pathspec: "Made/1/start/1") { artifact(name: "notes") { data preview url } } }'


def put_included(root: Path, url: str) -> None:
    """An artifact of the flow Made, which says that its file lies at that URL."""
    for pathspec in ("Made", "Made/1", "Made/1/start", "Made/1/start/1"):
        task = put_object(root, pathspec, EPOCH_MS)
    described = {"_descriptor": {"type": "uploader-v1", "url": url, "is_text": True, "encoding": "utf-8", "size": 17}}
    # An instance of a class that need not be there.
    state = pickle.dumps(described, 2).removeprefix(b"\x80\x02").removesuffix(b".")
    pickled = b"\x80\x02cmetaflow.includefile\nIncludedFile\n)\x81" + state + b"b."
    sha = hashlib.sha1(pickled, usedforsecurity=False).hexdigest()
    blob = root / ".metaflow/Made/data" / sha[:2] / sha
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(gzip.compress(pickled))
    put(task / "_meta/0_artifact_notes.json", {"sha": sha, "ts_epoch": EPOCH_MS, "content_type": "pickle-v4"})
    done = {"field_name": "attempt-done", "value": "0", "ts_epoch": EPOCH_MS, "tags": ["attempt_id:0"]}
    put(task / "_meta/sysmeta_attempt-done_1.json", done)
    told = {"size": len(pickled), "type": "<class 'metaflow.includefile.IncludedFile'>", "encoding": "pickle-v4"}
    put(task / "0.data.json", {"objects": {"notes": sha}, "info": {"notes": told}})


@pytest.mark.parametrize(("flow", "is_shown"), [("Made", True), ("Theirs", False)])
def test_an_included_file_of_another_flow_is_not_read(tmp_path: Path, flow: str, is_shown: bool) -> None:
    file = tmp_path / ".metaflow/data" / flow / SHA
    file.parent.mkdir(parents=True)
    file.write_bytes(gzip.compress(CONTENT))
    file.with_name(f"{SHA}_meta").write_text(json.dumps({"cas_raw": False, "cas_version": 1}))
    put_included(tmp_path, f"local://{file}")
    with opened(tmp_path) as gateway:
        answer = gateway.answer(QUERY)
        found = answer["data"]["task"]["artifact"]
        served = gateway.client.get(found["url"])
    if is_shown:
        assert (answer.get("errors"), found["data"]) == (None, CONTENT.decode())
        assert (served.status_code, served.content) == (200, CONTENT)
    else:
        place = ["task", "artifact"]
        assert errors_of(answer) == [("ARTIFACT_UNREADABLE", [*place, field]) for field in ("data", "preview")]
        message = "Made/1/start/1/notes: The included file is one of another flow."
        assert {error["message"] for error in answer["errors"]} == {message}
        assert (served.status_code, served.json()["errors"][0]["message"]) == (502, message)
