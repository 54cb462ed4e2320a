"""The snippet in the card for the Hub, as it stands there, loads the encoder into a learner of plain fastai."""

import re
from pathlib import Path

import pytest
import torch

from tests import hubserver
from tests.fixtures import ARCHITECTURE, VOCAB, tiny_classifier, tiny_lm
from ulmfit_app import hub as the_hub
from ulmfit_app import modelfolder

TEXTS = [f"This is a good film number {n} ." for n in range(40)]


@pytest.mark.parametrize("part", ["lm", "classifier", "encoder"])
def test_the_snippet_runs(part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub
    from fastai.text.all import AWD_LSTM, DataBlock, TextBlock, awd_lstm_lm_config, language_model_learner

    folder = tiny_classifier(tmp_path / "mine") if part == "classifier" else tiny_lm(tmp_path / "mine")
    weights = modelfolder.encoder_weights(
        modelfolder.read_weights(folder), modelfolder.read_config(folder).kind, "full"
    )
    with hubserver.in_place_of_the_real_one(tmp_path, monkeypatch) as hub:
        alice = the_hub.sign_in(hub.user("hf_tested_alice", "alice"))
        the_hub.push(folder, "alice/mine", alice, encoder=part == "encoder", public=True)
        card = hub.repos["alice/mine"].commits[-1].files["README.md"].decode()
        with the_hub.pulled("alice/mine", alice) as model:
            files = {path.name: path.read_bytes() for path in model.folder.iterdir()}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda repo_id, name: str(tmp_path / name))
    (snippet,) = re.findall(r"## Load its encoder with fastai\n\n```python\n(.*?)```", card, re.DOTALL)

    sizes = {name: getattr(ARCHITECTURE, name) for name in ("emb_sz", "n_hid", "n_layers")}
    assert ", ".join(f"{name}={size}" for name, size in sizes.items()) in snippet
    block = DataBlock(blocks=TextBlock.from_df(0, is_lm=True, vocab=VOCAB, seq_len=8), get_x=lambda row: row.text)
    learn = learner_of(block, AWD_LSTM, {**awd_lstm_lm_config, **sizes}, language_model_learner, tmp_path)
    names = {"learn": learn}
    exec(snippet, names)
    assert names["vocab"] == VOCAB
    loaded = learn.model[0].state_dict()
    assert torch.equal(loaded["encoder.weight"], weights["encoder.weight"])
    assert torch.equal(loaded["rnns.2.module.weight_ih_l0"], weights["rnns.2.module.weight_ih_l0"])


def learner_of(block, architecture, config, make, path):  # type: ignore[no-untyped-def]
    """A language model learner over a few texts, with random weights."""
    import pandas as pd

    dls = block.dataloaders(pd.DataFrame({"text": TEXTS}), bs=4)
    return make(dls, architecture, config=config, pretrained=False, path=path)
