"""Tiny model folders for tests: random weights scaled up so that predictions differ, about 200 common English words.

Written with torch and `modelfolder.write` alone, in a fraction of a second; fastai is not imported.
"""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import torch

from ulmfit_app import modelfolder, recipes
from ulmfit_app.modelfolder.tensors import encoder_shapes, head_shapes
from ulmfit_app.schema import SPECIAL_TOKENS, Architecture, Kind, Lineage, Metric, TokenizerConfig

ARCHITECTURE = Architecture(emb_sz=12, n_hid=20, n_layers=3)
SEQ_LEN, MAX_LEN = 8, 24  # short, so that texts of a few sentences pass both

_WORDS = (
    ". , the a and of to is it in i this that \" 's - was as for with but film movie you on not he are his have be one "
    "all at they by an who who's so from like there or just about her out has if what some good can more when very she "
    "up no time even would my which their only really story had see were me we well been than much people because get "
    "bad other great will do also into them first most how him its made then way make could any movies after too think "
    "characters films watch two many character being plot never love acting best seen life off ever little show better "
    "know where over your scene end here does say scenes man still something through go did why back these watching "
    "now should real years those thing things actors doesn't didn't old work before same big young ten part funny "
    "actually another lot cast find new going nothing director us few want look every again pretty down world boring "
    "got quite always might thought interesting minutes fact honestly worst waste awful terrible wonderful ! ? ( )"
)
VOCAB = [*SPECIAL_TOKENS, *dict.fromkeys(_WORDS.split())]
VOCAB += ["xxfake"] * (8 - len(VOCAB) % 8)  # as fastai's make_vocab pads

TOKENIZER = TokenizerConfig(
    rules=(
        "fix_html", "replace_rep", "replace_wrep", "spec_add_spaces", "rm_useless_spaces", "replace_all_caps",
        "replace_maj", "lowercase",
    ),
    spacy_version=version("spacy"),
)  # fmt: skip


def lineage(kind: Kind, dataset_hash: str = "d" * 64) -> Lineage:
    """A lineage of the `demo` recipe on a made-up dataset."""
    return Lineage(
        dataset="tiny",
        dataset_hash=dataset_hash,
        parent=None,
        parent_hash=None,
        recipe=recipes.get("demo", kind),
        seed=42,
        train_texts=8,
        available_texts=8,
        valid_texts=2,
        device="cpu",
        precision="fp32",
        versions={"torch": version("torch")},
    )


def tiny_lm(folder: Path, *, vocab: Sequence[str] | None = None, seed: int = 0, dataset_hash: str = "d" * 64) -> Path:
    """Write a language model to `folder`, which must not exist, and return it."""
    words = VOCAB if vocab is None else list(vocab)
    generator = torch.Generator().manual_seed(seed)
    weights = random_weights(encoder_shapes(ARCHITECTURE, len(words)), generator, "0.", scale=1.0)
    weights["1.decoder.bias"] = torch.randn(len(words), generator=generator) / 4
    modelfolder.write(
        folder,
        kind=Kind.LM,
        architecture=ARCHITECTURE,
        tokenizer=TOKENIZER,
        vocab=words,
        seq_len=SEQ_LEN,
        max_len=MAX_LEN,
        lineage=lineage(Kind.LM, dataset_hash),
        metrics={"perplexity": Metric(value=50.0, how="made up for a test")},
        weights=weights,
    )
    return folder


def tiny_classifier(
    folder: Path, *, labels: Sequence[str] = ("neg", "pos"), vocab: Sequence[str] | None = None, seed: int = 0
) -> Path:
    """Write a classifier to `folder`, which must not exist, and return it."""
    words = VOCAB if vocab is None else list(vocab)
    generator = torch.Generator().manual_seed(seed)
    weights = random_weights(encoder_shapes(ARCHITECTURE, len(words)), generator, "0.module.")
    weights |= random_weights(head_shapes(ARCHITECTURE, len(labels)), generator)
    modelfolder.write(
        folder,
        kind=Kind.CLASSIFIER,
        architecture=ARCHITECTURE,
        tokenizer=TOKENIZER,
        vocab=words,
        labels=labels,
        seq_len=SEQ_LEN,
        max_len=MAX_LEN,
        lineage=lineage(Kind.CLASSIFIER),
        metrics={"accuracy": Metric(value=0.5, how="made up for a test")},
        weights=weights,
    )
    return folder


def random_weights(
    shapes: dict[str, tuple[int, ...]], generator: torch.Generator, prefix: str = "", scale: float = 0.5
) -> dict[str, torch.Tensor]:
    """Normal weights of standard deviation `scale`; variances of batch norm are positive."""
    weights = {prefix + name: torch.randn(shape, generator=generator) * scale for name, shape in shapes.items()}
    return {name: t.abs() + 0.1 if name.endswith("running_var") else t for name, t in weights.items()}
