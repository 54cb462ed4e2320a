"""The arm of the token cache: the first load of the 25,000 IMDb reviews against later ones."""

import shutil
from typing import Any

from benchmarks.arms import Answer
from benchmarks.ceilings import timed
from ulmfit_app.data import sources, token_table
from ulmfit_app.settings import settings as app_settings


def load(settings: dict[str, Any]) -> Answer:
    """Seconds of the first load, with the cache empty, and of five later ones, in one process."""
    imdb = sources.open_dataset("imdb")
    texts = imdb.texts[: settings["texts"]]
    shutil.rmtree(app_settings().home_path / "cache" / "tokens" / token_table.key_of(texts), ignore_errors=True)
    first = timed(lambda: token_table.tokenise(texts), "cpu", 1, warm=0)
    later = timed(lambda: token_table.tokenise(texts), "cpu", 5, warm=0)
    hashed = min(timed(lambda: token_table.key_of(texts), "cpu", 3, warm=0))
    return {
        "samples": {"first load s": first, "later load s": later, "later against first": [first[0] / s for s in later]},
        "profile": {
            "first load: documents/s": round(len(texts) / first[0]),
            "later load: share in hashing the texts": round(hashed / sorted(later)[2], 3),
        },
    }
