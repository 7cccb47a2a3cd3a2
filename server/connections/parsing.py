"""How requests are parsed: as uvicorn does, but for those that can not be read, or ask for another protocol."""

from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..errors import RequestError
from .malformed import CHUNKED, coded, malformed, without_tunnels

_TRANSFER_ENCODING = b"transfer-encoding"
_AROUND = b" \t"  # values, of which it is no part (RFC 9110, section 5.5); httptools leaves what is behind them


class Requests(HttpToolsProtocol):
    """Refuses what can't be read, and logs nothing of it: uvicorn does so each time.

    No other protocol is spoken: a request to change to one is answered as the HTTP that it is, with its body, which
    httptools takes for something of the other protocol, and what comes behind it (RFC 9110, section 7.8).
    """

    _codings = b""  # of the request's Transfer-Encoding
    _has_head = False  # it has come whole: what comes then in the form of headers is a trailer

    def refuse(self, error: RequestError) -> None:
        """Have this answered, and end."""
        raise NotImplementedError

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        left = memoryview(data)
        try:
            while True:
                try:
                    self.parser.feed_data(left)
                    return
                except httptools.HttpParserUpgrade as upgrade:
                    if self.parser.get_method() == b"CONNECT":
                        self.refuse(without_tunnels())
                        return
                    left = left[upgrade.args[0] :]
                    self._begin_anew()
        except httptools.HttpParserError as error:
            self.refuse(malformed(error, data))

    def on_message_begin(self) -> None:
        self._codings = b""
        self._has_head = False
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._has_head:
            return  # a proxy that cleans headers may pass these on, as who asks for example (RFC 9110, section 6.5.1)
        if len(name) == len(_TRANSFER_ENCODING) and name.lower() == _TRANSFER_ENCODING:
            self._codings += b"," + value
        super().on_header(name, value.strip(_AROUND))

    def on_headers_complete(self) -> None:
        self._has_head = True
        if self._codings and self._codings.strip(b", \t").lower() != CHUNKED:
            self.refuse(coded())
        elif not self.changes_protocol:
            super().on_headers_complete()

    @property
    def changes_protocol(self) -> bool:
        """Whether the head that was parsed comes once more, without that."""
        return self.parser.should_upgrade()

    def _begin_anew(self) -> None:
        """The request, whose head has been parsed, with a parser that is not told of the other protocol."""
        line = b"%s %s HTTP/%s\r\n" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        kept = [b"%s: %s\r\n" % header for header in self.headers if header[0] != b"upgrade"]
        parser: Any = httptools.HttpRequestParser(self)
        parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn does
        self.parser = parser
        parser.feed_data(b"".join((line, *kept, b"\r\n")))
