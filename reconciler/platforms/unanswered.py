"""Errors for requests that no answer came to."""

from __future__ import annotations

from reconciler.errors import PlatformError, UnexpectedAnswer, Unreachable
from reconciler.platforms.answers import Scrub, clean
from reconciler.platforms.body import CannotUnpack
from reconciler.platforms.line import STOPPED, Call, Late, NoAnswer, NotSent, is_tls


def over(url: str, operation: str, call: Call, *, sent: bool = True) -> Unreachable:
    """Return the error for a call that ended before its answer was there."""
    if call.ended() == STOPPED:
        return Unreachable("the run was asked to stop", operation=operation, sent=sent)
    if not sent:
        return Unreachable("no time was left to send it", operation=operation, sent=False)
    hint = "try again, or raise the connection's requests.timeout"
    return Unreachable(f"{url} did not answer in time", operation=operation, retryable=True, sent=sent, hint=hint)


def failed(error: NoAnswer | CannotUnpack, url: str, operation: str, call: Call, scrub: Scrub) -> PlatformError:
    """Return the error for a request without an answer."""
    said = clean(scrub(str(error))) or type(error).__name__
    if isinstance(error, CannotUnpack):
        return UnexpectedAnswer(f"the body cannot be unpacked: {said}", operation=operation, retryable=True)
    unsent = isinstance(error, NotSent)
    if unsent and is_tls(error):
        hint = "check the connection's url, and the certificates this machine trusts (SSL_CERT_FILE)"
        return Unreachable(f"TLS with {url} failed: {said}", operation=operation, sent=False, hint=hint)
    if call.ended() == STOPPED or isinstance(error, Late):
        return over(url, operation, call, sent=not unsent)
    if unsent:
        text, hint = f"no connection to {url}: {said}", "check the connection's url, the network and any proxy"
    else:
        text, hint = f"the connection to {url} broke off: {said}", "try again"
    return Unreachable(text, operation=operation, retryable=True, sent=not unsent, hint=hint)
