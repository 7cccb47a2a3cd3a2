"""Access control as the file of `serve --config` has it now, and what is remembered from request to request."""

import asyncio
import logging
import ssl
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import Scope

from ...providers.grants import Principal
from ...providers.watched_files import WatchedFile, reason_of
from ...resolvers.signatures import Signatures
from ..audit.entries import Entry
from ..audit.floods import Floods
from ..audit.log import AuditLog
from ..errors import RequestError, refused
from ..request_ids import request_id
from ..settings.metaflow_config import SettingsError
from .admission import Admission
from .attempts import Attempts
from .charges import Charges
from .identities import Identity, no_credential
from .meters import Meters
from .policies import KeySets, Policy, credential_of, policy_of, sends_credential
from .proxies import sender_of
from .rates import Quota
from .reading import read

_logger = logging.getLogger(__name__)

_LARGEST = 1_048_576


class AccessControl:
    """Who is let in; SettingsError where the file can't be used. `providers`: names that rules may give."""

    def __init__(self, path: Path, providers: Collection[str], tls: ssl.SSLContext | None = None) -> None:
        self._path = path
        self._meters = Meters()
        self._attempts = Attempts()
        self._log = AuditLog()
        self._floods = Floods(self._write)
        self._key_sets: KeySets = {}

        def made(text: bytes) -> Policy:
            return policy_of(read(text), path.parent, providers, self._key_sets, tls)

        try:
            self._file = WatchedFile(path, _LARGEST, made)
        except (OSError, ValueError) as error:
            raise SettingsError(f"--config {path}: {reason_of(error)}.") from None
        self._policy = self._file.held
        self._key_sets = self._policy.key_sets

    @property
    def signatures(self) -> Signatures | None:
        """How URLs of files are signed at the moment, if they are."""
        return self._policy.urls

    async def entry(self, request: HTTPConnection) -> Entry:
        """What is written down of a request that has come."""
        await self._current()
        return self.entry_as_known(request)

    def entry_as_known(self, request: HTTPConnection) -> Entry:
        """The same by the configuration that was used last."""
        return Entry(request_id(request.scope), sender_of(request, self._policy.proxy))

    async def admission(self, request: HTTPConnection, entry: Entry, *, asked: bool) -> Admission:
        """Who asks, or why they are not let in: 401, 403, 429, or 503 if it can't be told. `asked`: whether it is to be
        found out; if not, nobody is let in."""
        policy = self._policy
        charges = Charges(self._meters, policy.config.rates, entry.sender.network)
        who = await self._who(policy, request, charges, entry) if asked else no_credential()
        return Admission(who, charges, entry, policy.urls, policy.bearer)

    def write(self, entry: Entry, scope: Scope, status: int | None) -> None:
        """Write down what became of a request; `status`: None where nothing was answered."""
        line = entry.line(scope, status)
        if line is not None and entry.changed_nothing:
            self._floods.tell(line, entry.sender.network)
        elif line is not None:
            self._write(line)

    async def close(self) -> None:
        """Let go of what is under way, and write what is still to be written."""
        for keys in self._policy.key_sets.values():
            await keys.close()
        self._floods.close()
        await asyncio.to_thread(self._log.close)

    async def _who(
        self, policy: Policy, request: HTTPConnection, charges: Charges, entry: Entry
    ) -> Principal | RequestError:
        try:
            return await self._let_in(policy, request, charges, entry)
        except RequestError as error:
            if sends_credential(request):  # where none is needed, one that is refused is told all the same
                entry.refuse(error)
            return error

    async def _let_in(self, policy: Policy, request: HTTPConnection, charges: Charges, entry: Entry) -> Principal:
        try:
            identity = await self._identity(policy, request, entry.sender.network)
        except RequestError:
            charges.take(1)
            raise
        entry.know(identity.shown)
        charges.share(identity.key)
        charges.take(1)
        principal = policy.rules.principal(identity)
        if not principal.grants:
            raise refused("FORBIDDEN", f"Nothing is granted to {principal.name} here: no rule is about them.", 403)
        return principal

    async def _identity(self, policy: Policy, request: HTTPConnection, network: str) -> Identity:
        credential = credential_of(request)
        if credential is None:
            return await policy.identity(request, None)
        rates = policy.config.rates
        with self._attempts.one(network, credential, Quota("failures", rates.failures, rates.seconds, unit=None)):
            return await policy.identity(request, credential)

    def _write(self, line: Mapping[str, Any]) -> None:
        self._log.write(line, self._policy.audit_file)

    async def _current(self) -> Policy:
        """As the file stands, or as it stood when it could last be used."""
        policy = await self._file.current()
        if policy is not self._policy:
            _logger.warning("%s has changed and is used from now on.", self._path)
            before, self._policy, self._key_sets = self._policy, policy, policy.key_sets
            for location, keys in before.key_sets.items():
                if location not in policy.key_sets:
                    await keys.close()
        return policy
