"""Headers of all answers, by which browsers keep them from pages of other sites."""

from collections.abc import Iterable

Header = tuple[bytes, bytes]

# What is no page runs nothing and stands in no frame; nobody guesses that it is one. Other sites' pages neither load
# it nor keep a hold on the window that shows it, and no address of the gateway's, with its query, is told to others.
DEFAULTS: tuple[Header, ...] = (
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


def completed(headers: Iterable[Header], more: Iterable[Header] = ()) -> list[Header]:
    """The headers of an answer with `more` and DEFAULTS, of which none takes the place of one that it has.

    `Origin` is in Vary always: a cache would give one origin's answer to another.
    """
    kept = [header for header in headers if header[0] != b"vary"]
    vary = [value for name, value in headers if name == b"vary"]
    if not any(b"origin" in value.lower() for value in vary):
        vary.append(b"origin")
    names = {name for name, _ in kept}
    added = [header for header in (*more, *DEFAULTS) if header[0] not in names]
    return [*kept, (b"vary", b", ".join(vary)), *added]
