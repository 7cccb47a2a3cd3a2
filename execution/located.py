"""Errors told with where they were met: in the document and in the answer."""

from graphql import GraphQLError, located_error

from .places import Place

# What graphql-core looks for in an exception that it locates.
_LOOKED_FOR = ("message", "source", "positions", "nodes", "extensions")


class Locator:
    """Locates the errors of a place, as graphql-core's `located_error` does.

    That works out anew for each where its field stands in the document, which takes most of its time. Here it is done
    once, for errors that are plain exceptions. `nulled`: see Place.
    """

    def __init__(self, place: Place) -> None:
        self.nulled = place.nulled
        self._keys = place.keys
        self._nodes = place.field.plan.nodes
        self._first = GraphQLError("", self._nodes)

    def located(self, error: Exception, ranks: list[int]) -> GraphQLError:
        """An error that was met at the value of these ranks."""
        path = [rank if key is None else key for key, rank in zip(self._keys, ranks, strict=True)]
        for name in _LOOKED_FOR:
            if hasattr(error, name):
                return located_error(error, self._nodes, path)
        return self._made(error, path)

    def _made(self, error: Exception, path: list[str | int]) -> GraphQLError:
        message = str(error)
        located = GraphQLError.__new__(GraphQLError, message)
        located.message = message
        located.path = path
        located.nodes = self._first.nodes
        located.source = self._first.source
        located.positions = self._first.positions
        located.locations = self._first.locations
        located.extensions = {}
        located.cause = located.original_error = error
        located.__traceback__ = error.__traceback__
        if error.__cause__:
            located.__cause__ = error.__cause__
        elif error.__context__:
            located.__context__ = error.__context__
        return located
