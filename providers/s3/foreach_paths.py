"""Where tasks stand in the foreach steps around them: out of the artifact `_foreach_stack`, without metadata."""

import hashlib
import pickle
from typing import cast

from ..artifacts import ArtifactReader, value_key
from ..errors import CorruptMetadata, GatewayError, LimitExceeded
from ..records import DataArtifact
from ..views import JSON

STACK, PATH = "_foreach_stack", "foreach-execution-path"

# Of most tasks, which stand in none: no need to read them.
_EMPTY = frozenset(hashlib.sha1(pickle.dumps([], protocol), usedforsecurity=False).hexdigest() for protocol in (2, 4))


async def path_in(stack: DataArtifact, values: ArtifactReader) -> str | None:
    """As Metaflow records it of a task (metaflow/task.py): outer:2,inner:0; None outside of any foreach.

    CorruptMetadata where it can't be told; other errors, which may pass, as they are.
    """
    if stack.sha in _EMPTY:
        return None
    (found,) = await values.values([value_key(stack)])
    if isinstance(found, GatewayError):
        if found.retryable or isinstance(found, LimitExceeded):
            raise found
        raise CorruptMetadata(str(found)) from found
    frames = map(_frame, cast("list[JSON]", found) if isinstance(found, list) else [])
    return ",".join(frames) or None


def _frame(view: JSON) -> str:
    """Of a namedtuple of step, variable, number of splits, index and, since 2024, value."""
    match view:
        case {"args": [str(step), _, _, index, *_]}:
            return f"{step}:{index}"
        case _:
            raise CorruptMetadata(f"Its artifact {STACK} is none of Metaflow's.")
