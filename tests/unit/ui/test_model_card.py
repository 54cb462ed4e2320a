"""Cards made safe: no image, no front matter, no comment; the words stay."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ulmfit_app.ui.model_card import safe_markdown

IMAGE = re.compile(r"(?<!\\)(?:\\\\)*!\[")  # a `!` that no backslash takes away, before a bracket

CARD = """---
license: apache-2.0
---

# my-model

Words.

## Load it

```python
# a comment of the program
```

<!-- notes -->
# Mine
<!-- end of notes -->
"""


def test_front_matter_title_and_comments_are_left_out() -> None:
    assert safe_markdown(CARD) == ("Words.\n\n### Load it\n\n```python\n# a comment of the program\n```\n\n\n## Mine")


@pytest.mark.parametrize(
    "image",
    [
        "![a](http://other.example/x.png)",
        "\\![a](http://other.example/x.png)",
        "\\\\![a](http://other.example/x.png)",
        "![a][ref]\n\n[ref]: http://other.example/x.png",
        "~~~\n```\n![a](http://other.example/x.png)",
        "!<!-- -->[a](http://other.example/x.png)",
        "!<!-- <!-- --> -->[a](http://other.example/x.png)",
    ],
)
def test_no_image_is_left(image: str) -> None:
    assert not IMAGE.search(safe_markdown(f"Before\n{image}\nafter"))


@given(st.text(alphabet="!\\[]()<>-` ~#\na", max_size=60))
def test_whatever_the_card_no_image_is_left(card: str) -> None:
    assert "![" not in safe_markdown(card)


def test_seven_hashes_are_no_heading_and_six_stay_six() -> None:
    assert safe_markdown("words\n###### deep\n####### none") == "words\n###### deep\n####### none"


def test_a_comment_that_is_not_closed_hides_the_rest() -> None:
    assert safe_markdown("Words.\n<!-- a <!-- b") == "Words."
