"""The oracle itself: where Metaflow's client raises, so that nothing else of it is lost to an error."""

from typing import Any, cast

# By kind of object and attribute; each is a known trait of the client.
KNOWN = {
    # Steps that did not run, or have no finished attempt yet.
    ("Step", "parent_steps", "MetaflowNotFound"),
    ("Step", "parent_steps", "KeyError"),
    ("Step", "child_steps", "MetaflowNotFound"),
    ("Step", "child_steps", "KeyError"),
    ("Task", "parent_tasks", "KeyError"),
    ("Task", "child_tasks", "KeyError"),
    # No cards, or no place for them (_parameters).
    ("Task", "cards", "CardNotPresentException"),
    ("Task", "cards", "UnresolvableDatastoreException"),
    # Classes of the flow's own file.
    ("DataArtifact", "data", "AttributeError"),
}
KINDS = ("Flow", "Run", "Step", "Task", "DataArtifact")


def test_the_client_raises_what_is_known_and_no_more(oracle: dict[str, Any]) -> None:
    objects: dict[str, dict[str, Any]] = oracle["objects"]
    raised = {
        (KINDS[pathspec.count("/")], attribute, error.split(":")[0])
        for pathspec, answers in objects.items()
        for attribute, answer in answers.items()
        if (error := error_of(answer))
    }
    assert raised == KNOWN


def error_of(answer: Any) -> str | None:
    return cast("dict[str, str]", answer).get("error") if isinstance(answer, dict) else None
