"""The routes of the service that are asked, each as a function of pathspecs; the query parameters of pages.

What the service answers to them: its own documentation is silent; measured, an empty list stands for a missing parent
too, and releases that know no pages answer as if they had not been asked for one.
"""

from collections.abc import Sized
from time import monotonic
from typing import TypeVar

from ..errors import GatewayError, LimitExceeded, ProviderError
from . import rows, run_lists
from .bodies import Form
from .client import Client, NoRoute, Refused, Reply

T = TypeVar("T")
S = TypeVar("S", bound=Sized)

PAGE = 500  # rows of a page: the service gives no more
_MOST_PAGES = 40  # of a listing that is needed whole
_LARGEST_RUN = 2**31 - 1
_LARGEST_TASK = 2**63 - 1
_KEYWORDS = ("flows", "runs", "steps", "tasks")
# Of a cursor that is none, those complain that look at it.
_PROBE = ("flows", "-", "runs", "0", "steps", "-", "tasks")
_PATIENCE = 60.0  # s
_TOO_LONG = "It is a list of more than {} entries, which the gateway does not read whole: ask for a part of it."

Query = tuple[tuple[str, str], ...]


class Routes:
    """A service, by what it can be asked. What can't exist is not asked for: numbers out of range are a 500 there."""

    def __init__(self, client: Client) -> None:
        self._client = client
        # Whether this release gives pages of other lists than runs; None until a reply has told. Its version does not.
        self.pages: bool | None = None
        # Whether it gives pages of runs, as the last reply told.
        self.run_pages: bool | None = None
        self._failed_at = -_PATIENCE

    async def has_pages(self) -> bool:
        """Whether it does: if nothing has told yet, by a question that costs nothing on any release.

        Where that has failed, it counts as not for a minute.
        """
        if self.pages is None and monotonic() - self._failed_at >= _PATIENCE:
            try:
                await self._client.get(_PROBE, rows.TASKS, (("_cursor", "-"),), route="probe")
                self.pages = False
            except Refused as refusal:
                self.pages = refusal.status == 400
            except (GatewayError, NoRoute):
                self._failed_at = monotonic()
        return bool(self.pages)

    async def flows(self) -> list[rows.FlowRow]:
        return await self._whole(("flows",), rows.FLOWS, "flows")

    async def flow(self, flow: str) -> rows.FlowRow | None:
        return await self._one(("flows", flow), rows.FLOW, "flow")

    async def runs(self, flow: str, query: Query) -> Reply[run_lists.RunList]:
        """A page of a flow's runs, or, on older releases, all of them."""
        found = await self._listed(("flows", flow, "runs"), run_lists.FORM, query, "runs")
        return found or Reply(run_lists.RunList(), paged=True, next_cursor=None)

    async def run(self, run: str) -> rows.RunRow | None:
        return await self._one(_path(run), rows.RUN, "run")

    async def steps(self, run: str) -> list[rows.StepRow]:
        return (await self._page((*_path(run), "steps"), rows.STEPS, (), "steps")).content

    async def step(self, step: str) -> rows.StepRow | None:
        return await self._one(_path(step), rows.STEP, "step")

    async def tasks(self, step: str) -> list[rows.TaskPlace]:
        return await self._whole((*_path(step), "tasks"), rows.TASKS, "tasks")

    async def task(self, task: str) -> rows.TaskRow | None:
        return await self._one(_path(task), rows.TASK, "task")

    async def metadata_of_run(self, run: str, cursor: str | None) -> Reply[list[rows.MetadataRow]]:
        """A page of the metadata of all tasks and attempts, the newest first, or, on older releases, all of it."""
        return await self._page((*_path(run), "metadata"), rows.METADATA, _page_query(cursor), "run metadata")

    async def metadata_of_task(self, task: str) -> list[rows.MetadataRow]:
        return await self._whole((*_path(task), "metadata"), rows.METADATA, "task metadata")

    async def artifacts(self, parent: str) -> Reply[list[rows.ArtifactPlace]]:
        """A page of those of a run's, step's or task's latest attempts, or, on older releases, all of them.

        On a page, the newest of each name: also of names that only an earlier attempt had.
        """
        query = () if parent.count("/") == 3 else _page_query(None)
        kind = ("run", "step", "task")[parent.count("/") - 1]
        return await self._page((*_path(parent), "artifacts"), rows.ARTIFACTS, query, f"{kind} artifacts")

    async def artifacts_of_attempt(self, task: str, attempt: int) -> list[rows.ArtifactPlace]:
        parts = (*_path(task), "attempt", str(attempt), "artifacts")
        return (await self._page(parts, rows.ARTIFACTS, (), "attempt artifacts")).content

    async def artifact(self, task: str, name: str, attempt: int | None) -> rows.ArtifactRow | None:
        of_attempt = () if attempt is None else ("attempt", str(attempt))
        return await self._one((*_path(task), "artifacts", name, *of_attempt), rows.ARTIFACT, "artifact")

    async def mutate_tags(self, run: str, body: bytes) -> rows.TagsReply | None:
        """The run's own tags afterwards; None where there is no such run. Raises Refused (409, 422), NoRoute."""
        if not possible(run):
            return None
        return await self._client.patch((*_path(run), "tag", "mutate"), body, rows.TAGS, route="tag mutation")

    async def _one(self, parts: tuple[str, ...], form: Form[T], route: str) -> T | None:
        if not _possible(parts):
            return None
        found = await self._client.get(parts, form, route=route)
        return found and found.content

    async def _page(self, parts: tuple[str, ...], form: Form[list[T]], query: Query, route: str) -> Reply[list[T]]:
        return await self._listed(parts, form, query, route) or Reply([], paged=True, next_cursor=None)

    async def _listed(self, parts: tuple[str, ...], form: Form[S], query: Query, route: str) -> Reply[S] | None:
        if not _possible(parts):
            return None
        found = await self._client.get(parts, form, query, listing=True, route=route)
        if found and query and route == "runs":
            self.run_pages = found.paged
        # Pages of runs came first: without them there are none of anything.
        if found and query and not (route == "runs" and found.paged):
            self.pages = found.paged
        if found and found.paged and len(found.content) > PAGE:
            raise ProviderError("The metadata service gives pages that are larger than any that was asked for.")
        return found

    async def _whole(self, parts: tuple[str, ...], form: Form[list[T]], route: str) -> list[T]:
        """All pages of a list; raises LimitExceeded beyond what is read of one."""
        found = await self._page(parts, form, _page_query(None), route)
        entries = list(found.content)
        for _ in range(_MOST_PAGES - 1):
            if found.next_cursor is None:
                return entries
            found = await self._page(parts, form, _page_query(found.next_cursor), route)
            entries += found.content
        if found.next_cursor is None:
            return entries
        raise LimitExceeded(_TOO_LONG.format(_MOST_PAGES * PAGE))


def possible(pathspec: str) -> bool:
    """Whether the service can have such an object; it takes what Python calls numeric for a number in its database."""
    return _possible(_path(pathspec))


def _path(pathspec: str) -> tuple[str, ...]:
    return tuple(part for pair in zip(_KEYWORDS, pathspec.split("/"), strict=False) for part in pair)


def _possible(parts: tuple[str, ...]) -> bool:
    ids = [(parts[3], _LARGEST_RUN)] if len(parts) > 3 else []
    ids += [(parts[7], _LARGEST_TASK)] if len(parts) > 7 else []
    return all(not text.isnumeric() or (text.isascii() and int(text) <= most) for text, most in ids)


def _page_query(cursor: str | None) -> Query:
    limit = ("_limit", str(PAGE))
    return (limit,) if cursor is None else (limit, ("_cursor", cursor))
