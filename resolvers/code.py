"""The code of tasks and runs, and the fields of MetaflowCode: each takes those of a level, with one entry for each."""

from collections.abc import Callable
from typing import TypeVar, cast

import msgspec
from strawberry import UNSET

from ..providers import code_packages, ids, records, usage, views
from ..providers.base import BlobKey, FileStatus, Key, key_as_seen, key_of
from ..providers.code_packages import Contents, Package, PackageKey, described, info_of, package_file, text_of
from ..providers.errors import ArtifactUnreadable, CorruptMetadata, GatewayError
from ..providers.grants import Right
from ..providers.pathspec import run_of
from ..providers.strangers_json import JSON, NotJSON, read
from . import inputs, links, rights
from .context import Context, Info, Limit
from .entries import Answers, combined, each, each_of_some, gathered, raised, readable
from .inputs import sent
from .metadata import metadata_of

CODE_LIMITS = (
    Limit("codeBytes", code_packages.STORED_BYTES, "Bytes of a code package, as it is stored."),
    Limit("codeInflatedBytes", code_packages.BOUNDS.inflated, "Bytes of a code package, uncompressed."),
    Limit("codeFiles", code_packages.BOUNDS.entries, "Files of a code package."),
    Limit("codeFileBytes", code_packages.FILE_BYTES, "Bytes of a file of a code package that is given as text."),
)

_PACKAGE = "code-package"
_SCRIPT = "script-name"
_CONDA_PREFIX = "conda_env_prefix"
_MANIFESTS = (".mf_meta/conda.manifest", "conda.manifest")
V = TypeVar("V")


class MetaflowCode(msgspec.Struct, frozen=True, gc=False):
    """The package that a task recorded; `recorded_script`: base name of the file that defines its flow."""

    id: str
    task: Key
    path: str | None
    recorded_script: str | None
    package: Package


class CodeTarball(msgspec.Struct, frozen=True, gc=False):
    """The package itself; `size` in bytes, as it is stored."""

    task: Key
    blob: BlobKey
    size: int


class CodeFile(msgspec.Struct, frozen=True, gc=False):
    """A file of it; `size` in bytes."""

    tarball: CodeTarball
    path: str
    size: int


async def code(tasks: list[records.Task], info: Info) -> Answers[MetaflowCode | None]:
    return await each(info.context.derived(code_of), map(key_as_seen, tasks))


async def code_of_runs(runs: list[records.Run], info: Info) -> Answers[MetaflowCode | None]:
    """Of the newest step whose newest task recorded one (client/core.py:Run.code)."""
    return await gathered(_of_run(run, info.context) for run in runs)


async def code_of(tasks: list[Key], context: Context) -> Answers[MetaflowCode | None]:
    """The code of each task, at the attempt of its key; of a clone, that of its origin. None where none was stored,
    Forbidden where it may not be read."""
    return await gathered(_of_task(task, context) for task in tasks)


async def package_of(context: Context, task: Key) -> BlobKey | None:
    """Where the package of a task is stored, if it has one."""
    found = await context.derived(code_of).load(task)
    return found and found.package.blob


async def environment_info(tasks: list[records.Task], info: Info) -> Answers[JSON]:
    return await environments_of(list(map(key_as_seen, tasks)), info.context)


async def environments_of(tasks: list[Key], context: Context) -> Answers[JSON]:
    """What the environment of each task was made of, as Metaflow's client tells it; None without code."""
    return await gathered(_environment(task, context) for task in tasks)


async def info(codes: list[MetaflowCode], info: Info) -> Answers[dict[str, JSON] | None]:
    return await gathered(_info(code, info.context) for code in codes)


async def script_name(codes: list[MetaflowCode], info: Info) -> Answers[str | None]:
    return await gathered(_script(code, info.context) for code in codes)


async def flowspec(codes: list[MetaflowCode], info: Info) -> Answers[str | None]:
    return await gathered(_flowspec(code, info.context) for code in codes)


async def tarball(codes: list[MetaflowCode], info: Info) -> Answers[CodeTarball]:
    keys = [package_file(code.task.provider, code.package) for code in codes]
    return combined(_tarball, codes, await each_of_some(info.context.loaders.file_statuses, keys))


async def url(tarballs: list[CodeTarball], info: Info) -> Answers[str | None]:
    return await links.packages(info.context, [tarball.task for tarball in tarballs])


async def files(tarballs: list[CodeTarball], info: Info, prefix: inputs.FilePrefix = UNSET) -> Answers[list[CodeFile]]:
    beginning = sent(prefix) or ""
    found = await _listed(tarballs, info.context)
    of_package: dict[BlobKey, list[tuple[str, int]]] = {}  # most tasks of a run share one

    def chosen(tarball: CodeTarball, contents: Contents) -> list[CodeFile]:
        if tarball.blob not in of_package:
            named = contents.files.items()
            of_package[tarball.blob] = [(path, size) for path, size in named if path.startswith(beginning)]
        # They count before any field of theirs does, as objects on a page do.
        usage.current.get().find(len(of_package[tarball.blob]))
        return [CodeFile(tarball, path, size) for path, size in of_package[tarball.blob]]

    return _each_of(tarballs, found, chosen)


async def file(tarballs: list[CodeTarball], info: Info, path: inputs.FilePath) -> Answers[CodeFile | None]:
    def chosen(tarball: CodeTarball, contents: Contents) -> CodeFile | None:
        size = contents.files.get(path)
        return None if size is None else CodeFile(tarball, path, size)

    return _each_of(tarballs, await _listed(tarballs, info.context), chosen)


async def text(files: list[CodeFile], info: Info) -> Answers[str | None]:
    return await gathered(_text(file.tarball.task, file.tarball.blob, file.path, info.context) for file in files)


def _tarball(code: MetaflowCode, status: FileStatus | None) -> CodeTarball:
    if status is None:
        raise ArtifactUnreadable(f"The code package of {code.task.pathspec} is gone.")
    return CodeTarball(code.task, code.package.blob, status.size)


async def _of_run(run: records.Run, context: Context) -> MetaflowCode | None:
    steps, _ = readable(await context.loaders.steps_of.load(key_of(run)))
    shown = [key_of(step) for step in steps if not step.name.startswith("_")]
    tasks = [readable(raised(of_step))[0][:1] for of_step in await each(context.loaders.tasks_of, shown)]
    found = await each(context.derived(code_of), [key_of(task) for newest in tasks for task in newest])
    return next((code for code in map(raised, found) if code), None)


async def _of_task(task: Key, context: Context) -> MetaflowCode | None:
    metadata = await context.derived(metadata_of).load(task)
    recorded = metadata.latest(_PACKAGE)
    if not recorded:
        return None
    await rights.hold(context, Right.CODE, task)
    try:
        package = described(recorded, task.pathspec.split("/", 1)[0])
    except NotJSON as error:
        raise CorruptMetadata(f"The metadata {_PACKAGE} of {task.pathspec} can't be read: {error}.") from error
    id = ids.of_object("MetaflowCode", task.provider, task.pathspec, task.attempt)
    return MetaflowCode(id, task, package.location, metadata.values.get(_SCRIPT), package)


async def _info(code: MetaflowCode, context: Context) -> dict[str, JSON] | None:
    contents = await _contents(code.task, code.package.blob, None, context)
    try:
        info = info_of(contents)
        usage.current.get().spend(views.weight(info))
    except GatewayError as error:
        raise _named(error, code.task) from error
    return info


async def _script(code: MetaflowCode, context: Context) -> str | None:
    if code.recorded_script:
        return code.recorded_script
    script = (await _info(code, context) or {}).get("script")
    return script if isinstance(script, str) else None


async def _flowspec(code: MetaflowCode, context: Context) -> str | None:
    script = await _script(code, context)
    return script and await _text(code.task, code.package.blob, script, context)


async def _environment(task: Key, context: Context) -> JSON:
    """By the type of environment (client/core.py:Task.environment_info); None of one that is not Metaflow's own."""
    code = await context.derived(code_of).load(task)
    kind = (await _info(code, context) or {}).get("environment_type") if code else None
    if code is None or kind not in ("conda", "pypi"):
        return "Local environment" if kind in ("local", "uv") else None
    prefix = (await context.derived(metadata_of).load(task)).latest(_CONDA_PREFIX)
    return {} if prefix is None else await _conda(code, prefix, context)


async def _conda(code: MetaflowCode, prefix: str, context: Context) -> JSON:
    """What the package's manifest has of the environment (conda_environment.py:get_client_info); None if nothing."""
    found = await gathered(_contents(code.task, code.package.blob, path, context) for path in _MANIFESTS)
    contents = [raised(of_path).content for of_path in found]
    manifest = next((content for content in contents if content is not None), None)
    names = prefix.split("/")
    if manifest is None or len(names) < 3:
        return None
    try:
        return _entry(read(manifest), names[2], names[1])
    except NotJSON as error:
        message = f"The conda.manifest in the code package of {code.task.pathspec} can't be read: {error}."
        raise ArtifactUnreadable(message) from error


def _entry(value: JSON, *names: str) -> JSON:
    """What stands under these names, one below the other; None where there is nothing."""
    for name in names:
        if not isinstance(value, dict):
            return None
        value = cast("dict[str, JSON]", value).get(name)
    return value


async def _listed(tarballs: list[CodeTarball], context: Context) -> Answers[Contents]:
    return await gathered(_contents(tarball.task, tarball.blob, None, context) for tarball in tarballs)


async def _text(task: Key, blob: BlobKey, path: str, context: Context) -> str | None:
    content = (await _contents(task, blob, path, context)).content
    return None if content is None else text_of(path, content)


async def _contents(task: Key, blob: BlobKey, path: str | None, context: Context) -> Contents:
    try:
        return await context.loaders.packages.load(PackageKey(task.provider, blob, path, run_of(task.pathspec)))
    except GatewayError as error:
        raise _named(error, task) from error


def _each_of(
    tarballs: list[CodeTarball], found: Answers[Contents], make: Callable[[CodeTarball, Contents], V]
) -> Answers[V]:
    return [
        contents if isinstance(contents, BaseException) else make(tarball, contents)
        for tarball, contents in zip(tarballs, found, strict=True)
    ]


def _named(error: GatewayError, task: Key) -> GatewayError:
    """The error of a package, which several tasks may share, as that of this task's."""
    return type(error)(f"The code package of {task.pathspec}: {error}")
