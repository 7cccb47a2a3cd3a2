"""Mutation."""

import strawberry

from ..resolvers import tagging
from .fields import entry, stored, view
from .hierarchy import Run


@view(tagging.RunTagsPayload, "What a mutation of tags has come to.")
class RunTagsPayload:
    run: Run = stored("The run, with the tags that it has now.")


@strawberry.type(description="What can be changed: the user tags of runs, atomically, with removal first.")
class Mutation:
    add_tags: RunTagsPayload | None = entry(
        tagging.add_tags,
        "Add user tags to a run. One that is a system tag, or that the run has already, changes nothing.",
    )
    remove_tags: RunTagsPayload | None = entry(
        tagging.remove_tags,
        "Remove user tags from a run. One that it does not have changes nothing; a system tag is an error.",
    )
    replace_tags: RunTagsPayload | None = entry(
        tagging.replace_tags,
        "Remove some user tags and add others, in one step: a tag in both lists is there after it.",
    )
