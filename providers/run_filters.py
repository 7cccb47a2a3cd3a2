"""Which runs a listing has, whichever provider it is of."""

from . import records
from .base import RunFilter, RunsKey
from .errors import GatewayError


def passes(one: records.Run | GatewayError, key: RunsKey) -> bool:
    """Whether a run is in the namespace and meets the filter's conditions; flow and prefix are not looked at.

    A run that can't be read passes where no condition is about what it holds.
    """
    wanted = key.filter
    if isinstance(one, GatewayError):
        return not is_read_for(key)
    tags = set(one.tags)
    return (
        (key.namespace is None or key.namespace in tags)
        and wanted.tags <= tags
        and (wanted.any_tags is None or not wanted.any_tags.isdisjoint(tags))
        and (wanted.users is None or one.user in wanted.users)
        and (wanted.created_from_ms is None or one.ts_epoch >= wanted.created_from_ms)
        and (wanted.created_before_ms is None or one.ts_epoch < wanted.created_before_ms)
    )


def is_read_for(key: RunsKey) -> bool:
    """Whether a run must be read to tell if it belongs to the listing."""
    conditions = key.filter._replace(flows=None, run_id_prefix="")
    return key.namespace is not None or conditions != RunFilter()
