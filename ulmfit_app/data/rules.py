"""fastai's text rules as pure functions of one string, under fastai's names and in fastai's order.

Source: `fastai.text.core` 2.8.12 (`defaults.text_proc_rules`, `text_postproc_rules`). `RULES` run on the raw text
before spaCy splits it; `replace_space` runs on every token afterwards. Nothing here imports spaCy.
"""

import html
import re
from collections.abc import Callable

from ulmfit_app.schema import BOS, UNK

TK_REP, TK_WREP, TK_UP, TK_MAJ = "xxrep", "xxwrep", "xxup", "xxmaj"

_HTML = (
    ("#39;", "'"), ("amp;", "&"), ("#146;", "'"), ("nbsp;", " "), ("#36;", "$"), ("\\n", "\n"), ("quot;", "'"),
    ("<br />", "\n"), ('\\"', '"'), ("<unk>", UNK), (" @.@ ", "."), (" @-@ ", "-"), ("...", " …"),
)  # fmt: skip
_REP = re.compile(r"(\S)(\1{2,})")
_WREP = re.compile(r"(?:\s|^)(\w+)\s+((?:\1\s+)+)\1(\s|\W|$)")
_SPEC = re.compile(r"([/#\\])")
_SPACES = re.compile(" {2,}")
# fastai has `[A-Z]+[^a-z\s]*`, which matches the same but backtracks over a long word in quadratic time (40,000
# characters of "ABAB…a" took a minute): one class and a possessive quantifier cannot.
_ALL_CAPS = re.compile(r"(\s|^)([A-Z][^a-z\s]*+)(?=(\s|$))")
_MAJ = re.compile(r"(\s|^)([A-Z][^A-Z\s]*+)(?=(\s|$))")


def fix_html(text: str) -> str:
    """Undo the HTML escapes and the markup that fastai has met in documents."""
    for old, new in _HTML:
        text = text.replace(old, new)
    return html.unescape(text)


def replace_rep(text: str) -> str:
    """`cccc` becomes ` xxrep 4 c `."""
    return _REP.sub(lambda match: f" {TK_REP} {len(match[2]) + 1} {match[1]} ", text)


def replace_wrep(text: str) -> str:
    """`word word word word` becomes ` xxwrep 4 word `."""
    return _WREP.sub(lambda match: f" {TK_WREP} {len(match[2].split()) + 2} {match[1]} {match[3]}", text)


def spec_add_spaces(text: str) -> str:
    """Spaces around `/`, `#` and the backslash."""
    return _SPEC.sub(r" \1 ", text)


def rm_useless_spaces(text: str) -> str:
    """Runs of spaces become one."""
    return _SPACES.sub(" ", text)


def replace_all_caps(text: str) -> str:
    """`GREAT` becomes `xxup great`; a single capital letter is only lowered."""
    return _ALL_CAPS.sub(lambda match: _lowered(match, TK_UP), text)


def replace_maj(text: str) -> str:
    """`Great` becomes `xxmaj great`; a single capital letter is only lowered."""
    return _MAJ.sub(lambda match: _lowered(match, TK_MAJ), text)


def _lowered(match: re.Match[str], token: str) -> str:
    mark = f"{token} " if len(match[2]) > 1 else ""
    return f"{match[1]}{mark}{match[2].lower()}"


def lowercase(text: str) -> str:
    """Lower case, stripped, with `xxbos` in front."""
    return f"{BOS} " + text.lower().strip()


def replace_space(token: str) -> str:
    """A space inside a token becomes `▁`, so that tokens can be joined by spaces."""
    return token.replace(" ", "▁")


_RULES: tuple[Callable[[str], str], ...] = (
    fix_html, replace_rep, replace_wrep, spec_add_spaces, rm_useless_spaces, replace_all_caps, replace_maj, lowercase,
)  # fmt: skip
RULES: tuple[str, ...] = tuple(rule.__name__ for rule in _RULES)


def apply(text: str) -> str:
    """`text` after all `RULES`, in order."""
    for rule in _RULES:
        text = rule(text)
    return text


def steps(text: str) -> list[tuple[str, str]]:
    """The `RULES` that change `text`, in order: name, and the text after it."""
    changed = []
    for rule in _RULES:
        before, text = text, rule(text)
        if text != before:
            changed.append((rule.__name__, text))
    return changed


def meaning(name: str) -> str:
    """What the rule of that name does, in one sentence."""
    return next(rule.__doc__ or "" for rule in _RULES if rule.__name__ == name)
