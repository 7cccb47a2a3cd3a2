"""The cards of tasks, and the fields of Card: each takes the cards of a level, and returns one entry for each."""

from functools import partial
from math import inf
from typing import NamedTuple

from strawberry import UNSET

from ..providers import ids, records, strangers_json, usage, views
from ..providers.base import FileKey, FileStatus, Key, PartKey, key_as_seen
from ..providers.cards import CardName, data_file, folder, old_folder, parse
from ..providers.errors import CorruptMetadata, GatewayError, LimitExceeded, ProviderUnavailable
from ..providers.pathspec import parent
from ..providers.times import rfc3339
from ..providers.views import JSON, in_turn
from . import inputs, links
from .context import Context, Info, Limit
from .entries import Answers, Partial, each, gathered, mapped, raised
from .inputs import sent
from .metadata import TaskMetadata, metadata_of, origins_of

CARD_BYTES = Limit("cardBytes", 16 * 2**20, "Bytes of a card's html, and of its data; url serves larger ones.")

_INFO = "card-info"  # the type of the event that tells of a card; its name is the card's hash
_RANKS = {"high": 0, "medium": 1, "low": 2}  # card_decorator.py:CardDecorator.defaults
_LONGEST_INFO = 65_536  # characters: Metaflow writes a few hundred
_MOST_ORIGINS = 100
_GROWS = 65_536  # bytes that a card may grow by between two looks at it


class TaskCards(NamedTuple):
    """The cards of a task at the attempt that it is seen at, and the errors of those that can't be told of."""

    cards: list[records.Card]
    errors: list[GatewayError]


class _Source(NamedTuple):
    """Whose cards are shown and of which attempt (None: of any); `told`: what was recorded of each, by its hash."""

    task: str
    attempt: int | None
    metadata: TaskMetadata
    root: str
    told: dict[str, list[records.Metadata]]


async def cards(
    tasks: list[records.Task], info: Info, type: inputs.CardType = UNSET, card_id: inputs.CardId = UNSET
) -> Answers[list[records.Card] | Partial]:
    of_type, of_id = sent(type), sent(card_id)

    def chosen(found: TaskCards) -> list[records.Card] | Partial:
        fitting = [card for card in found.cards if of_type in (None, card.type) and of_id in (None, card.card_id)]
        return Partial(fitting, found.errors) if found.errors else fitting

    return mapped(await each(info.context.derived(cards_of), map(key_as_seen, tasks)), chosen)


async def cards_of(tasks: list[Key], context: Context) -> Answers[TaskCards]:
    """The cards of each task, at the attempt of its key, else at the latest; of a clone, those of its origin."""
    sources = await gathered(_source(task, context) for task in tasks)
    return await gathered(_found(task, source, context) for task, source in zip(tasks, sources, strict=True))


async def card_of(context: Context, task: Key, hash: str) -> records.Card | None:
    """The card of a task that has that hash, at the attempt of the key, if there is one."""
    if await context.loaders.tasks.load(task) is None:
        return None
    found = await context.derived(cards_of).load(task)
    return next((card for card in found.cards if card.hash == hash), None)


def card_file(card: records.Card) -> FileKey:
    """Where a card's page lies."""
    return FileKey(card.provider, card.root, card.path)


async def html(cards: list[records.Card], info: Info) -> Answers[str | None]:
    found = await _contents(list(map(card_file, cards)), info.context)
    return mapped(found, lambda page: None if page is None else page.decode("utf-8", "replace"))


async def data(cards: list[records.Card], info: Info) -> Answers[JSON]:
    """All of the file that Metaflow's viewer polls (card_server.py:get_data), its reload_token too."""
    files = [FileKey(card.provider, card.root, card.data_path) for card in cards]
    found = await _contents(files, info.context)
    return await gathered(_read_data(card, content) for card, content in zip(cards, found, strict=True))


async def url(cards: list[records.Card], info: Info) -> Answers[str | None]:
    of = [(Key(card.provider, parent(card.pathspec), card.asked), card.hash) for card in cards]
    return await links.cards(info.context, of)


async def _source(task: Key, context: Context) -> _Source | None:
    """Whose cards a task has: its own, or, as for Metaflow's client, those of the task that it was cloned from."""
    origin, seen = task, {task.pathspec}
    while above := await context.derived(origins_of).load(origin._replace(attempt=None)):
        if above in seen or len(seen) > _MOST_ORIGINS:
            break
        seen.add(above)
        origin = Key(task.provider, above)
    attempts = [attempt.number for attempt in await context.loaders.attempts_of.load(task._replace(attempt=None))]
    if task.attempt is not None and task.attempt not in attempts:
        return None
    if origin.pathspec != task.pathspec:
        attempts = [attempt.number for attempt in await context.loaders.attempts_of.load(origin)]
        origin = origin._replace(attempt=None)
    metadata = await context.derived(metadata_of).load(origin._replace(attempt=None))
    attempt = max(attempts, default=None) if origin.attempt is None else origin.attempt
    return _Source(origin.pathspec, attempt, metadata, metadata.latest("ds-root") or "", _told(metadata.events))


async def _found(task: Key, source: _Source | BaseException | None, context: Context) -> TaskCards:
    source = raised(source)
    if source is None:
        return TaskCards([], [])
    # Who records its cards is younger than the old layout.
    folders = [folder(source.task)] if source.told else [folder(source.task), old_folder(source.task)]
    keys = [FileKey(task.provider, source.root, path) for path in folders]
    listed = [raised(names) for names in await each(context.loaders.file_names, keys)]
    filled = [(path, names) for path, names in zip(folders, listed, strict=True) if names]
    path, files = filled[0] if filled else (folders[0], list[str]())
    by_hash = {name.hash: (file, name) for file in reversed(files) if (name := parse(file))}
    of_attempt = [(file, name) for file, name in by_hash.values() if _is_of(name.hash, source)]
    errors = [error for _, name in of_attempt for error in source.metadata.damaged_of([name.hash])[:1]]
    sound = [(file, name) for file, name in of_attempt if not source.metadata.damaged_of([name.hash])]
    in_order = sorted(sound, key=lambda card: _place(card[0], source.told.get(card[1].hash, [])))
    return TaskCards([_card(task, source, path, file, name) for file, name in in_order], errors)


def _told(events: list[records.Metadata]) -> dict[str, list[records.Metadata]]:
    """The events of each card, by its hash, oldest first."""
    told: dict[str, list[records.Metadata]] = {}
    for event in events:
        if event.type == _INFO:
            told.setdefault(event.name, []).append(event)
    return told


def _is_of(hash: str, source: _Source) -> bool:
    """Whether the card is of the attempt; one that nothing tells of, as of old, is of any."""
    attempts = {event.attempt for event in source.told.get(hash, [])}
    return not attempts or None in attempts or source.attempt is None or source.attempt in attempts


def _place(file: str, told: list[records.Metadata]) -> tuple[float, float, str]:
    """By the rank that the code gives it, then by time; what is not recorded comes last, by name."""
    return _rank(told[-1]) if told else inf, told[0].ts_epoch if told else inf, file


def _rank(told: records.Metadata) -> float:
    written = told.value or ""
    try:
        match strangers_json.read(written if len(written) <= _LONGEST_INFO else ""):
            case {"rank": str(rank)}:
                return _RANKS.get(rank, inf)
            case _:
                return inf
    except strangers_json.NotJSON:
        return inf


def _card(task: Key, source: _Source, path: str, file: str, name: CardName) -> records.Card:
    pathspec = f"{task.pathspec}/{name.hash}"
    told = source.told.get(name.hash)
    return records.Card(
        id=ids.of_object("Card", task.provider, pathspec, task.attempt),
        provider=task.provider,
        pathspec=pathspec,
        path_components=pathspec.split("/"),
        asked=task.attempt,
        type=name.type,
        card_id=name.id,
        hash=name.hash,
        created_at=rfc3339(told[0].ts_epoch) if told else None,
        root=source.root,
        path=f"{path}/{file}",
        data_path=data_file(source.task, file),
    )


async def _contents(files: list[FileKey], context: Context) -> Answers[bytes | None]:
    """The bytes of each file, as long as the answer has room for them; None where there is none."""
    statuses = await each(context.loaders.file_statuses, files)
    admitted = [_admitted(file, status) for file, status in zip(files, statuses, strict=True)]
    parts = iter(await each(context.loaders.file_parts, [part for part in admitted if isinstance(part, PartKey)]))
    return [_whole(part, next(parts)) if isinstance(part, PartKey) else part for part in admitted]


def _admitted(file: FileKey, status: FileStatus | BaseException | None) -> PartKey | BaseException | None:
    """What to read of a file, counted against what the values of the answer may take; an error if it is too much."""
    if status is None or isinstance(status, BaseException):
        return status
    if status.size > CARD_BYTES.value:
        return LimitExceeded(
            f"{_label(file)} has {status.size} bytes: {CARD_BYTES.value} at most are given here (cardBytes in "
            "serverInfo.limits); its url serves all of it."
        )
    spent = usage.current.get()
    if full := spent.full():
        return full
    spent.hold(status.size)
    return PartKey(file, 0, status.size + _GROWS)


def _whole(part: PartKey, content: bytes | BaseException | None) -> bytes | BaseException | None:
    if isinstance(content, bytes) and len(content) == part.length:
        return ProviderUnavailable(f"{_label(part.file)} is being written; try again.")
    return content


async def _read_data(card: records.Card, content: bytes | BaseException | None) -> JSON:
    written = raised(content)
    if written is None:
        return None
    try:
        view = await in_turn(partial(strangers_json.read, written))
    except strangers_json.NotJSON as error:
        raise CorruptMetadata(f"The data of the card {card.pathspec} can't be read: {error}.") from error
    usage.current.get().hold(views.weight(view))
    return view


def _label(file: FileKey) -> str:
    return f"The card {file.path.rpartition('/')[2]}"
