"""What a failed call means to the engine."""

from __future__ import annotations

from reconciler.errors import PlatformError
from reconciler.model.outcome import Receipt, ReceiptKind


def receipt_of(error: PlatformError) -> Receipt:
    """Return whether a call was refused for certain, certainly not sent, or nobody knows."""
    text = f"{error} ({error.hint})" if error.hint else str(error)
    if not error.sent:
        return Receipt(ReceiptKind.REJECTED, f"nothing was sent: {text}", error.status)
    refused = error.status is not None and 400 <= error.status < 500 and error.status != 408
    return Receipt(ReceiptKind.REJECTED if refused else ReceiptKind.UNKNOWN, text, error.status)
