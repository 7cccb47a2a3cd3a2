"""GraphQL operations executed a level at a time, on graphql-core's Executor: see README.md."""

from .executor import LevelExecutor
from .leaves import as_columns
from .level import Level, answers_levels
from .rows import dicts
from .struct_rows import structs
from .ways import Found, Way, Ways

__all__ = ["Found", "Level", "LevelExecutor", "Way", "Ways", "answers_levels", "as_columns", "dicts", "structs"]
