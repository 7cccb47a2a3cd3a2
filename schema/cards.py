"""Cards of tasks."""

from __future__ import annotations

from ..providers import records
from ..resolvers import cards
from ..resolvers.inputs import JSON, DateTime
from .fields import resolved, stored, view
from .nodes import Node


@view(records.Card, "A page that a task made of its results with @card.")
class Card(Node):
    type: str = stored("What kind of card it is: default, blank...")
    card_id: str | None = stored("The id that the step's code gave it, if any.")
    hash: str = stored("Tells it apart from the other cards of its task; it says nothing of its content.")
    created_at: DateTime | None = stored("When it was registered; null of cards that were not, as of old.")
    html: str | None = resolved(
        cards.html,
        "The page, as its author made it: do not put it into one of your own outside of a sandboxed frame. What is "
        "not UTF-8 in it is U+FFFD.",
    )
    data: JSON | None = resolved(
        cards.data,
        "What the card showed last while its task ran, as Metaflow's card viewer polls it: an object with data, "
        "reload_token and created_on. null where there is none.",
    )
    url: str | None = resolved(cards.url, "A URL on this gateway that serves the card as a page, in a sandbox.")
