"""What can be asked for: types and fields, with their descriptions; no logic."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from .mutation import Mutation
from .query import Query
from .scalars import SCALARS

schema = strawberry.Schema(Query, Mutation, config=StrawberryConfig(scalar_map=SCALARS))
