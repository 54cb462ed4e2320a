"""What every record shares: names, special tokens, the strict base class."""

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
MAX_NAME = 64
SPECIAL_TOKENS = ("xxunk", "xxpad", "xxbos", "xxeos", "xxfld", "xxrep", "xxwrep", "xxup", "xxmaj")
UNK, PAD, BOS = "xxunk", "xxpad", "xxbos"
FAKE = "xxfake"  # fastai's padding of the vocabulary; never the id of a word in a text
UNK_ID, PAD_ID, BOS_ID = 0, 1, 2

Name = Annotated[str, StringConstraints(max_length=MAX_NAME, pattern=rf"^{NAME.pattern}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def is_name(text: str) -> bool:
    """True if `text` is a valid name for a thing of one's own (`--` separates owner and name of pulled models)."""
    return len(text) <= MAX_NAME and NAME.fullmatch(text) is not None


class Record(BaseModel):
    """Base of everything stored as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False)
