"""Relay's connections, as views over pages."""

from typing import Generic, TypeVar

import strawberry

from ..resolvers import pages
from .fields import resolved, stored, view

T = TypeVar("T")


@view(pages.PageInfo, "Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = stored("Whether more follow; when paging backwards, whether the page ended at a cursor.")
    has_previous_page: bool = stored("Whether others stand before; when paging forwards, whether a cursor was given.")
    start_cursor: str | None = stored("Of the first object on the page: give it as before.")
    end_cursor: str | None = stored("Of the last object on the page: give it as after.")


@strawberry.type(description="An object on a page, with its cursor.")
class Edge(Generic[T]):
    cursor: str = stored("The object's place in the list; it holds while others arrive.")
    node: T = stored("The object.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    edges: list[Edge[T]] = resolved(pages.edges, "The objects with their cursors.")
    nodes: list[T] = stored("The objects.")
    page_info: PageInfo = resolved(pages.page_info, "Where the page stands in the list.")
    total_count: int | None = resolved(
        pages.total_count, "Of the whole list; null where the provider cannot count without reading all."
    )
