"""Where other machines reach the page: the address to hand on, in words and as a QR code."""

import io
import socket

import segno

_FAR = ("192.0.2.1", 9)
"""An address of RFC 5737 that is nobody's: asking which way leads there sends nothing."""
_BORDER = 2
"""Empty modules around a code; of the four that the standard asks for, phones need no more."""


def own_address() -> str:
    """Return this machine's address in its network, or its name where it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_FAR)
            return probe.getsockname()[0]
        except OSError:
            return socket.gethostname()


def qr_svg(text: str) -> bytes:
    """Return a QR code as an SVG picture, dark on light."""
    written = io.BytesIO()
    _code(text).save(written, kind="svg", border=_BORDER, light="#fff", xmldecl=False, omitsize=True)
    return written.getvalue()


def qr_lines(text: str) -> str:
    """Return a QR code as lines of block characters, for a terminal with light letters on dark."""
    written = io.StringIO()
    _code(text).terminal(written, border=_BORDER, compact=True)
    return written.getvalue().rstrip("\n")


def _code(text: str) -> segno.QRCode:
    """Return the smallest code: on a screen it has no scratches that would ask for more redundancy."""
    return segno.make_qr(text, error="l", boost_error=False)
