"""What is said of an answer for those who would keep it."""

import asyncio
from hashlib import blake2b

from ..compression import Content
from ..negotiation import IDENTITY

# What answers at /graphql may depend on. That they do on who asks is said before there is anyone to tell apart: caches
# may live longer than a configuration.
VARY = "authorization, accept, accept-encoding, origin"
NOT_KEPT = "no-store"
# Asked about each time it is used.
CHECKED = "private, no-cache"
# Long enough for a page that is opened again, or whose parts ask the same; short enough for what an operator does by
# hand: delete a run, execute one again that has succeeded (Airflow's clear), or give a provider's name to another.
LASTING_SECONDS = 60
# So much takes a millisecond, and lets go of the interpreter's lock.
_AT_ONCE = 2**20


def lasting(seconds: int) -> str:
    """Cache-Control of an answer that stays true for so long."""
    return f"private, max-age={seconds}, must-revalidate"


async def entity_tag(content: Content, media_type: str, coding: str) -> str:
    """The ETag of an answer in a media type and a content coding; `content` is it without the coding.

    Each coding has its own (RFC 9110, section 8.8.3.3). So has each media type: a cache that has the answer in another
    one would be told that it may use that.
    """
    hashed = blake2b(media_type.encode(), digest_size=16)
    if len(content) <= _AT_ONCE:
        hashed.update(content)
    else:
        await asyncio.to_thread(hashed.update, content)
    return f'"{hashed.hexdigest()}"' if coding == IDENTITY else f'"{hashed.hexdigest()}-{coding}"'
