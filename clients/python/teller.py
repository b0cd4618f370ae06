# SPDX-License-Identifier: MIT
"""A client of teller: the standard library alone, Python 3.9 or later.

    from teller import Teller
    bank = Teller('http://127.0.0.1:8080', token)
    bank.open_account('main', {'id': 'alice', 'asset': 'USD/2'})
    bank.deposit('main', 'alice', {'amount': '100'}, key='invoice-17')

What moves money has a key: yours, or one made for the call. Whatever happens to the network or to
the service, the call is made again with that key until its answer is there, or `patience` is over:
so a payment is made once. When a program may end before its answer is there, choose the key, write
it down first, and make the same call again after the restart.

Amounts are strings of digits in answers, in the asset's smallest unit; give them as int or str.
A Teller may be used by several threads; each has a connection of its own.
"""

import http.client
import json
import random
import ssl
import threading
import time
import uuid
from typing import Any, Callable, Dict, Iterator, Optional, Tuple
from urllib.parse import urlencode, urlsplit

from teller_operations import Entry, Operations, quote

__all__ = ['Teller', 'Problem', 'OutcomeUnknown', 'Unreachable']

SILENCE_S = 40  # the service sends a heartbeat into a stream every 15 seconds


class Problem(Exception):
    """The service refused: `code` says why, and never changes its meaning."""

    def __init__(self, status: int, problem: Dict[str, Any]):
        super().__init__(problem.get('detail') or problem.get('title') or f'status {status}')
        self.status, self.problem = status, problem
        self.code: str = problem.get('code', '')


class Unreachable(Exception):
    """There was no answer for as long as `patience`, or the service's certificate is not one that is
    trusted; nothing that moves money was sent."""


class OutcomeUnknown(Unreachable):
    """It was sent, and nobody said what became of it. The same call and `key` settle it."""

    def __init__(self, message: str, key: Optional[str]):
        super().__init__(message)
        self.key = key


class _Again(Exception):
    """Not answered, or not yet: to be sent again, unless that is `hopeless`. `sent`: it may have been
    carried out."""

    def __init__(self, why: str, sent: bool, after_s: Optional[float] = None,
                 hopeless: bool = False):
        super().__init__(why)
        self.sent, self.after_s, self.hopeless = sent, after_s, hopeless


class Teller(Operations):
    """A service. timeout: of one answer; patience: of a call with all its repetitions; seconds."""

    def __init__(self, url: str, token: Optional[str] = None, *, timeout: float = 60,
                 patience: float = 120, context: Optional[ssl.SSLContext] = None):
        self._url = urlsplit(url)
        self._token, self._timeout, self._patience = token, timeout, patience
        self._context = context
        self._own = threading.local()

    def close(self) -> None:
        """Close this thread's connection; a later call opens another."""
        connection = getattr(self._own, 'connection', None)
        self._own.connection = None
        if connection:
            connection.close()

    def __enter__(self) -> 'Teller':
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    # ---- one request, one answer ----------------------------------------------------------------

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        host, port = self._url.hostname or '', self._url.port
        if self._url.scheme == 'https':
            return http.client.HTTPSConnection(host, port, timeout=timeout, context=self._context)
        return http.client.HTTPConnection(host, port, timeout=timeout)

    def _headers(self, more: Dict[str, str]) -> Dict[str, str]:
        token = {'Authorization': f'Bearer {self._token}'} if self._token else {}
        return {'Accept': 'application/json', **token, **more}

    def _once(self, method: str, path: str, text: Optional[bytes],
              headers: Dict[str, str]) -> Tuple[int, Any, Any]:
        connection = getattr(self._own, 'connection', None) or self._connect(self._timeout)
        self._own.connection = None
        sent = False
        try:
            if connection.sock is None:
                connection.connect()
            sent = True
            connection.request(method, path, text, headers)
            answer = connection.getresponse()
            said = answer.read()
            value = json.loads(said) if said else None
        except (OSError, http.client.HTTPException, ValueError) as error:
            connection.close()
            hopeless = isinstance(error, ssl.SSLCertVerificationError)
            raise _Again(f'{type(error).__name__}: {error}', sent, None, hopeless) from error
        if answer.will_close:
            connection.close()
        self._own.connection = connection
        return answer.status, answer.headers, value

    # ---- a call, until its answer is there ------------------------------------------------------

    def _settled(self, settle: str) -> None:
        """Wait until the service can tell what became of a key."""
        status, headers, _ = self._once('GET', settle, None, self._headers({}))
        if status == 409 or status in (429, 503):
            raise _Again('its outcome is not known yet', True, _after(headers))

    def _attempt(self, method: str, path: str, text: Optional[bytes],
                 headers: Dict[str, str]) -> Any:
        status, told, value = self._once(method, path, text, headers)
        if status < 400:
            return value
        problem = value if isinstance(value, dict) else {}
        if status in (429, 503):
            # Not executed, and never will be.
            raise _Again(f'{status} {problem.get("code", "")}', False, _after(told))
        if status == 502 or problem.get('code') == 'key_in_flight':
            raise _Again(f'{status} {problem.get("code", "")}', True, _after(told))
        if status == 504:
            if problem.get('settle'):
                self._settled(problem['settle'])
            raise _Again('504, its outcome was unknown', True, 0)
        raise Problem(status, problem)

    def _call(self, method: str, path: str, *, body: Any = None,
              query: Optional[Dict[str, Any]] = None, keyed: bool = False,
              key: Optional[str] = None, wait: Optional[float] = None,
              repeatable: bool = True, stale: bool = False,
              least: Optional[int] = None) -> Any:
        more: Dict[str, str] = {}
        text = None
        if method == 'POST':
            text = json.dumps({} if body is None else body).encode()
            more['Content-Type'] = 'application/json'
        if keyed:
            key = key if key is not None else str(uuid.uuid4())
            more['Idempotency-Key'] = f'"{key}"'
        prefer = ['stale'] if stale else []
        if wait is not None:
            prefer.append(f'wait={wait:g}')
        if prefer:
            more['Prefer'] = ', '.join(prefer)
        if least is not None:
            more['If-Ledger-Seq'] = str(least)
        given = {name: value for name, value in (query or {}).items() if value is not None}
        if given:
            path += '?' + urlencode(given)
        headers = self._headers(more)
        return self._until(lambda: self._attempt(method, path, text, headers), method, repeatable,
                           key)

    def _until(self, attempt: Callable[[], Any], method: str, repeatable: bool,
               key: Optional[str]) -> Any:
        end, pause, maybe_done = time.monotonic() + self._patience, 0.05, False
        while True:
            try:
                return attempt()
            except _Again as again:
                maybe_done = maybe_done or (again.sent and method != 'GET')
                rest = pause * (0.5 + random.random()) if again.after_s is None else again.after_s
                gives_up = (time.monotonic() + rest > end or again.hopeless or
                            (again.sent and not repeatable))
                if gives_up and maybe_done:
                    raise OutcomeUnknown(str(again), key) from again
                if gives_up:
                    raise Unreachable(str(again)) from again
            time.sleep(rest)
            pause = min(2 * pause, 2.0)

    # ---- lists and streams ----------------------------------------------------------------------

    def pages(self, operation: Callable[..., Any], *args: Any, **how: Any) -> Iterator[Any]:
        """Every item of a list: pages(bank.list_accounts, 'main', prefix='shop:')."""
        page = None
        while True:
            answer = operation(*args, **how, page=page)
            yield from answer['items']
            page = answer['next']
            if page is None:
                return
            # The page says where it goes on; a beginning of one's own would contradict it.
            how.pop('after', None)
            how.pop('before', None)

    def events(self, ledger: str, after: Optional[int] = None,
               stale: bool = False) -> Iterator[Entry]:
        """The journal as it grows, for ever: each entry once, without a gap, however often the
        connection is lost. `after`: the last position that the caller has; None: from now on.
        `stale`: of whatever server follows the ledger."""
        pause = 0.05
        while True:
            connection = self._connect(SILENCE_S)
            try:
                for position, entry in self._stream(connection, ledger, after, stale):
                    after, pause = position, 0.05
                    if entry is not None:
                        yield entry
            except ssl.SSLCertVerificationError as error:
                raise Unreachable(str(error)) from error
            except (OSError, http.client.HTTPException, _Again):
                time.sleep(pause * (0.5 + random.random()))
                pause = min(2 * pause, 2.0)
            finally:
                connection.close()

    def _stream(self, connection: http.client.HTTPConnection, ledger: str,
                after: Optional[int], stale: bool) -> Iterator[Tuple[int, Optional[Entry]]]:
        more = {} if after is None else {'Last-Event-ID': str(after)}
        if stale:
            more['Prefer'] = 'stale'
        connection.request('GET', f'/v1/ledgers/{quote(ledger)}/events', None,
                           self._headers({**more, 'Accept': 'text/event-stream'}))
        answer = connection.getresponse()
        if answer.status in (429, 502, 503, 504):
            raise _Again(f'{answer.status}', False)
        if answer.status != 200:
            raise Problem(answer.status, json.loads(answer.read() or b'{}'))
        fields: Dict[str, str] = {}
        for line in answer:
            name, _, value = line.decode().rstrip('\r\n').partition(':')
            if name:
                fields[name] = value[1:] if value.startswith(' ') else value
                continue
            # An empty line ends an event. All that is not an entry says where the stream is.
            if 'data' in fields:
                data = json.loads(fields['data'])
                yield data['seq'], data if 'event' not in fields else None
            fields = {}


def _after(headers: Any) -> Optional[float]:
    """What Retry-After asks for, in seconds."""
    text = headers.get('Retry-After') or ''
    return float(text) if text.isdigit() else None
