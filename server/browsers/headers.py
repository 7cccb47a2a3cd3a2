"""Headers of all answers, by which browsers keep them from pages of other sites."""

from collections.abc import Mapping, Sequence

Header = tuple[bytes, bytes]

# What is no page runs nothing and stands in no frame; nobody guesses that it is one. Other sites' pages neither load
# it nor keep a hold on the window that shows it, and no address of the gateway's, with its query, is told to others.
DEFAULTS = {
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
}


def completed(headers: Sequence[Header], more: Mapping[bytes, bytes] = DEFAULTS) -> list[Header]:
    """The headers of an answer, and those of `more` that it does not have.

    `Origin` is in Vary always: a cache would give one origin's answer to another.
    """
    found = dict(headers)
    added = [header for header in more.items() if header[0] not in found]
    if b"origin" not in found.get(b"vary", b"").lower():
        added.append((b"vary", b"origin"))
    return [*headers, *added]
