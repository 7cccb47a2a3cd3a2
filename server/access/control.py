"""Access control as the file of `serve --config` has it now, and what is remembered from request to request."""

import asyncio
import logging
import ssl
import time
from collections.abc import Collection
from pathlib import Path

from starlette.requests import HTTPConnection
from starlette.types import Scope

from ...providers.watched_files import WatchedFile, reason_of
from ...resolvers.signatures import Signatures
from ..errors import RequestError, refused
from ..metaflow_config import SettingsError
from .admission import Admission
from .attempts import Attempts, attempt_of
from .audit import AuditLog
from .meters import Meters
from .policies import KeySets, Policy, credential_of, policy_of
from .proxies import address_of, limited_as, peer_of
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
        self._audit = AuditLog()
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

    async def begun(self, request: HTTPConnection) -> Admission:
        """A request that has come; nobody is let in yet."""
        policy = await self._current()
        address = address_of(request, peer_of(request), policy.proxy)
        signed = policy.urls, policy.bearer
        return Admission(str(address), limited_as(address), policy.config.rates, self._meters, *signed)

    async def admit(self, request: HTTPConnection, admission: Admission) -> None:
        """Find out who asks; RequestError where they are not let in: 401, 403, 429, or 503 if it can't be told."""
        policy = self._policy
        credential = credential_of(request)
        admission.tried = credential is not None
        rates = policy.config.rates
        failures = Quota("failures", rates.failures, rates.seconds)
        attempt = attempt_of(admission.limited_as, credential or "")
        if credential is not None:
            wait = self._attempts.wait(attempt, failures, time.monotonic())
            if wait:
                raise _too_many_failures(wait)
        try:
            identity = await policy.identity(request, credential, peer_of(request))
        except RequestError as error:
            if credential is not None and error.status == 401:
                self._attempts.failed(attempt, failures, time.monotonic())
            raise
        if credential is not None:
            self._attempts.succeeded(attempt)
        admission.admit(identity, policy.rules.principal(identity))

    def ended(self, request: HTTPConnection, admission: Admission, status: int | None) -> None:
        """Write down what became of a request; `status`: None where nothing was answered."""
        record = admission.record(request, status)
        if record is not None:
            self._audit.write(record, self._policy.audit_file)

    def refused(self, scope: Scope, error: RequestError) -> None:
        """Write down a request that was refused before it was looked at who sends it."""
        request = HTTPConnection(scope)
        address = address_of(request, peer_of(request), self._policy.proxy)
        admission = Admission(str(address), limited_as(address), self._policy.config.rates, self._meters)
        admission.refused(error)
        self.ended(request, admission, error.status)

    async def close(self) -> None:
        """Let go of what is under way, and write what is still to be written."""
        for keys in self._policy.key_sets.values():
            await keys.close()
        await asyncio.to_thread(self._audit.close)

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


def _too_many_failures(seconds: int) -> RequestError:
    message = f"Too many credentials of this address were refused: try again in {seconds} s."
    return refused("RATE_LIMITED", message, 429, {"retry-after": str(seconds)})
