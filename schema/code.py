"""Code packages."""

from __future__ import annotations

import strawberry

from ..resolvers import code
from ..resolvers.inputs import JSON, BigInt
from .fields import resolved, stored, view


@view(code.CodeFile, "A file of a code package.")
class CodeFile:
    path: str = stored("As the package has it.")
    size: BigInt = stored("In bytes.")
    text: str | None = resolved(
        code.text,
        "null where the file is not UTF-8 text. Of the file INFO without a production token, should it hold one.",
    )


@view(code.CodeTarball, "The package itself: a tar archive in gzip. It is read in memory, and never unpacked.")
class CodeTarball:
    url: str | None = resolved(
        code.url,
        "A URL on this gateway that serves the package as it is stored, hence with the production token that its INFO "
        "may hold.",
    )
    size: BigInt = stored("In bytes, as it is stored.")
    files: list[CodeFile] = resolved(code.files, "Its regular files, by path: no links, no devices.")
    file: CodeFile | None = resolved(code.file, "null where the package has no such file.")


@view(code.MetaflowCode, "A snapshot of the code that a task was executed with.")
class MetaflowCode:
    id: strawberry.ID = stored("Opaque, unique over types, metadata providers and attempts.")
    path: str | None = stored("Where the datastore keeps the package: a path or a URL, as its run recorded it.")
    info: JSON | None = resolved(
        code.info, "What Metaflow noted of the code and its environment, without a production token."
    )
    script_name: str | None = resolved(code.script_name, "Base name of the file that defines the flow.")
    flowspec: str | None = resolved(code.flowspec, "Source of the file that defines the flow.")
    tarball: CodeTarball | None = resolved(code.tarball, "The package itself.")
