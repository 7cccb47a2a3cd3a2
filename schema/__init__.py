"""What can be asked for: types and fields, with their descriptions; no logic."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from ..execution.strawberry import StrawberryExecutor
from .mutation import Mutation
from .query import Query
from .scalars import SCALARS

schema = strawberry.Schema(
    Query, Mutation, config=StrawberryConfig(scalar_map=SCALARS), execution_context_class=StrawberryExecutor
)
