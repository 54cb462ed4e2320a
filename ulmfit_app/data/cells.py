"""The values of typed table files as the text that a CSV file of the same table would hold.

So a dataset does not depend on the format it came in: its content hash is the same.
"""

import re
from decimal import Decimal
from math import isnan

Cell = str | bytes | bool | int | float | Decimal
_SURROGATES = re.compile("[\ud800-\udfff]")


def as_text(value: object) -> str:
    """Text of one value: nothing and not-a-number are empty; truth is `true` or `false`; numbers as Python writes them.

    What is not valid Unicode becomes �.
    """
    match value:
        case None:
            return ""
        case str():
            return _SURROGATES.sub("\ufffd", value)
        case bytes():
            return value.decode("utf-8", "replace")
        case bool():
            return "true" if value else "false"
        case float() if isnan(value):
            return ""
    return str(value)
