"""Instances that are shown as a text: UUIDs, paths, IP addresses and networks, patterns."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from pathlib import PurePath, PurePosixPath, PureWindowsPath
from re import ASCII, compile
from uuid import UUID

from ..frames.pandas_scalars import TEXTS as PANDAS_TEXTS
from ..stand_ins import Instance, read

_DECIMAL = compile(r"-?\d+(\.\d+)?(E[-+]\d+)?", ASCII)
_PATH_LENGTH = 10_000
# Bits of the flags of a pattern, in the order in which Python writes them.
_FLAGS = {
    "IGNORECASE": 2,
    "LOCALE": 4,
    "MULTILINE": 8,
    "DOTALL": 16,
    "UNICODE": 32,
    "VERBOSE": 64,
    "DEBUG": 128,
    "ASCII": 256,
}


def text(instance: Instance) -> str | None:
    """`str` of the object, or None where it is none of these."""
    return read(_TEXTS, instance)


def _uuid(instance: Instance) -> str | None:
    match instance.state:
        case {"int": int(number)}:
            return str(UUID(int=number))
        case _:
            return None


def _decimal(instance: Instance) -> str | None:
    """One with more digits than are computed with: its pickle holds its text."""
    match instance.args:
        case (str(written),) if _DECIMAL.fullmatch(written):
            return written
        case _:
            return None


def _path(kind: type[PurePath]) -> Callable[[Instance], str | None]:
    def read(instance: Instance) -> str | None:
        parts = [part for part in instance.args if isinstance(part, str)]
        whole = len(parts) == len(instance.args) and sum(map(len, parts)) <= _PATH_LENGTH
        return str(kind(*parts)) if whole else None

    return read


def _address(kind: Callable[[int], IPv4Address | IPv6Address]) -> Callable[[Instance], str | None]:
    def read(instance: Instance) -> str | None:
        match instance.args:
            case (int(number),):
                return str(kind(number))
            case (str(written),) if len(written) < 100:
                return str(IPv6Address(written)) if ":" in written else None
            case _:
                return None

    return read


def _network(
    kind: type[IPv4Network | IPv6Network | IPv4Interface | IPv6Interface],
) -> Callable[[Instance], str | None]:
    def read(instance: Instance) -> str | None:
        match instance.args or _state_of_network(instance):
            case (str(written),) if len(written) < 100:
                return str(kind(written))
            case _:
                return None

    return read


def _state_of_network(instance: Instance) -> tuple[str] | None:
    """Networks are pickled by their attributes."""
    match instance.state:
        case {"network_address": Instance(args=(int(number),)) as address, "_prefixlen": int(length)}:
            kind = IPv4Address if address.name.endswith("IPv4Address") else IPv6Address
            return (f"{kind(number)}/{length}",)
        case _:
            return None


def _pattern(instance: Instance) -> str | None:
    """As the pattern writes itself; it is never compiled."""
    match instance.args:
        case (str() | bytes() as pattern, int(flags)) if 0 <= flags < 2**16:
            if isinstance(pattern, str) and not flags & (_FLAGS["ASCII"] | _FLAGS["LOCALE"]):
                flags &= ~_FLAGS["UNICODE"]
            names = "|".join(f"re.{name}" for name, bit in _FLAGS.items() if flags & bit)
            written = repr(pattern[:200])[:200]  # Python cuts it there too
            return f"re.compile({written}, {names})" if names else f"re.compile({written})"
        case _:
            return None


_PATHS: dict[str, type[PurePath]] = {
    "PosixPath": PurePosixPath,
    "PurePosixPath": PurePosixPath,
    "WindowsPath": PureWindowsPath,
    "PureWindowsPath": PureWindowsPath,
}
_TEXTS: dict[str, Callable[[Instance], str | None]] = {
    **PANDAS_TEXTS,
    "uuid.UUID": _uuid,
    "decimal.Decimal": _decimal,
    "re._compile": _pattern,
    "ipaddress.IPv4Address": _address(IPv4Address),
    "ipaddress.IPv6Address": _address(IPv6Address),
    **{
        f"ipaddress.{kind.__name__}": _network(kind)
        for kind in (IPv4Network, IPv6Network, IPv4Interface, IPv6Interface)
    },
    # Python 3.13 has them in pathlib._local.
    **{f"{module}.{name}": _path(kind) for module in ("pathlib", "pathlib._local") for name, kind in _PATHS.items()},
}
