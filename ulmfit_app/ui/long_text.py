"""A text as a value in a URL: as it is while that is short, else compressed and marked with the version of the form.

Says nothing of where texts come from. Whoever reads one from a link must be ready for `AppError`.
"""

import zlib
from base64 import b64decode, urlsafe_b64encode
from urllib.parse import quote_plus

from ulmfit_app.errors import AppError

MARK = "z1~"  # zlib, then base64url without padding
PLAIN = 1000  # characters of a URL up to which a text stays legible
MOST = 6000  # characters of a value: common proxies take URLs of 8,000


def pack(text: str) -> str | None:
    """The value for `text`; None if it would be too long for a link."""
    if len(quote_plus(text, errors="replace")) <= PLAIN and not text.startswith(MARK):
        return text
    packed = zlib.compress(text.encode("utf-8", "replace"), 9)
    value = MARK + urlsafe_b64encode(packed).decode().rstrip("=")
    return value if len(value) <= MOST else None


def unpack(value: str, most: int) -> str:
    """The text that `value` stands for, its first `most` characters.

    Raises AppError for a marked value that is damaged, or unpacks to more than a text of that length can have in bytes.
    """
    if not value.startswith(MARK):
        return value[:most]
    packed = value.removeprefix(MARK)
    try:
        data = b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(data, 4 * most + 1).decode()  # a character has at most 4 bytes
    except (ValueError, zlib.error):
        unpacking = None
    if unpacking is None or not unpacking.eof:
        raise AppError(
            "The text in this link is damaged or too long.", todo="Copy the whole link again, or type the text."
        )
    return text[:most]
