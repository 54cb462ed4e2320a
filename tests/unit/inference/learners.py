"""Real fastai learners around the weights of a model folder: what our inference is compared with."""

from pathlib import Path

import pandas as pd
from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.transforms import ColReader, IndexSplitter
from fastai.losses import CrossEntropyLossFlat
from fastai.text.data import TextBlock
from fastai.text.learner import LMLearner, TextLearner
from fastai.text.models.awdlstm import AWD_LSTM, awd_lstm_clas_config, awd_lstm_lm_config
from fastai.text.models.core import get_language_model, get_text_classifier

from ulmfit_app import modelfolder
from ulmfit_app.schema import ModelConfig

SENTENCE = "A good film, one of the best I have seen."


def lm_learner(folder: Path) -> LMLearner:
    """fastai's learner with the weights and words of a language model folder."""
    config = modelfolder.read_config(folder)
    vocab = modelfolder.read_vocab(folder)
    block = TextBlock.from_df("text", is_lm=True, vocab=vocab, seq_len=config.seq_len)
    dls = _dls(DataBlock(blocks=block, get_x=ColReader("text"), splitter=IndexSplitter([2, 3])), config)
    model = get_language_model(AWD_LSTM, len(vocab), config={**awd_lstm_lm_config, **_shape(config)})
    learn = LMLearner(dls, model, loss_func=CrossEntropyLossFlat())
    return _filled(learn, folder)


def classifier_learner(folder: Path, text: str = SENTENCE) -> TextLearner:
    """fastai's learner with the weights, words and labels of a classifier folder; `text` is all its data."""
    config = modelfolder.read_config(folder)
    vocab = modelfolder.read_vocab(folder)
    blocks = (
        TextBlock.from_df("text", vocab=vocab, seq_len=config.seq_len),
        CategoryBlock(vocab=list(config.labels), sort=False),
    )
    block = DataBlock(blocks=blocks, get_x=ColReader("text"), get_y=ColReader("label"), splitter=IndexSplitter([2, 3]))
    model = get_text_classifier(
        AWD_LSTM, len(vocab), len(config.labels), seq_len=config.seq_len, max_len=config.max_len,
        config={**awd_lstm_clas_config, **_shape(config)}, lin_ftrs=list(config.architecture.lin_ftrs),
    )  # fmt: skip
    return _filled(TextLearner(_dls(block, config, text), model, loss_func=CrossEntropyLossFlat()), folder)


def _dls(block: DataBlock, config: ModelConfig, text: str = SENTENCE):
    label = config.labels[0] if config.labels else ""
    rows = pd.DataFrame({"text": [text] * 4, "label": [label] * 4})
    return block.dataloaders(rows, bs=2, seq_len=config.seq_len, num_workers=0, device="cpu")


def _shape(config: ModelConfig) -> dict[str, int]:
    return config.architecture.model_dump(include={"emb_sz", "n_hid", "n_layers"})


def _filled(learn: TextLearner, folder: Path) -> TextLearner:
    """`learn` with the weights of `folder`; tied duplicates and counters, which a folder leaves out, stay."""
    result = learn.model.load_state_dict(modelfolder.read_weights(folder), strict=False)
    left_out = ("encoder_dp.emb.weight", "decoder.weight", "num_batches_tracked")
    assert not result.unexpected_keys and all(key.endswith(left_out) for key in result.missing_keys)
    learn.remove_cb(learn.progress)
    return learn
