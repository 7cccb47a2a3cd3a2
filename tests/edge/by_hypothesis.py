"""Operations that hypothesis-graphql draws from the schema: of every field, and with any text."""

import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

import hypothesis_graphql
from graphql import ArgumentNode, DocumentNode, StringValueNode, Visitor, print_ast, visit
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis_graphql import Mode, nodes

from .form import graphql_schema
from .hostile import Sent, sent
from .pools import Pools

_TIMES = st.datetimes().map(lambda when: when.isoformat() + "Z")
_SCALARS: Any = {
    "DateTime": (_TIMES | st.text(max_size=30)).map(nodes.String),
    "BigInt": st.integers().map(nodes.Int),
    "JSON": st.text(max_size=30).map(nodes.String),
}
_OFTEN = 4  # of five texts so many are exchanged for such as exist


def requests(pools: Pools) -> st.SearchStrategy[Sent]:
    """Valid queries and mutations, and such as break one rule of the schema."""
    printed = partial(_printed, pools)
    drawn: list[st.SearchStrategy[str]] = []
    for mode in (Mode.POSITIVE, Mode.NEGATIVE):
        draw: Callable[..., st.SearchStrategy[str]] = partial(
            hypothesis_graphql.queries, graphql_schema, custom_scalars=_SCALARS, print_ast=printed, mode=mode
        )
        drawn.append(draw())
    mutations: Any = hypothesis_graphql.mutations(graphql_schema, custom_scalars=_SCALARS, print_ast=printed)
    return st.one_of(drawn[0], drawn[0], drawn[1], mutations).map(sent)


def every(pools: Pools, count: int, of: int, judge: Callable[[Sent], None]) -> None:
    """Have so many requests of a seed judged; the smallest of those that fail is told."""

    @seed(of)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
        print_blob=False,
    )
    @given(requests(pools))
    def judged(asked: Sent) -> None:
        judge(asked)

    judged()


def _printed(pools: Pools, document: DocumentNode) -> str:
    """With texts that exist in the place of most: of nothing else is there much to ask."""

    class Known(Visitor):
        def enter_argument(self, node: ArgumentNode, *place: Any) -> ArgumentNode | None:
            value = node.value
            if not isinstance(value, StringValueNode):
                return None
            known = pools.known(place[-1][-1].name.value, node.name.value)
            number = zlib.crc32(value.value.encode("utf-8", "surrogatepass"))
            if not known or number % (_OFTEN + 1) == 0:
                return None
            return ArgumentNode(name=node.name, value=StringValueNode(value=known[number % len(known)]))

    return print_ast(visit(document, Known()))
