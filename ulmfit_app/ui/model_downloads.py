"""Downloads of a model, built when they are asked for, each with the lines of code that load it."""

from functools import partial

import streamlit as st

from ulmfit_app import registry
from ulmfit_app.registry import ModelEntry
from ulmfit_app.schema import Kind, ModelConfig
from ulmfit_app.ui.download import draw_download

ZIP, PTH = "application/zip", "application/octet-stream"
STORED, HALF = "As stored", "16 bits: half the size"
USES = {Kind.LM: 'model.generate("I liked this movie because")', Kind.CLASSIFIER: 'model.predict("A fine film.")'}
FASTAI = """\
# {name}.pth lies in learn.path/"models"; dls were made with text_vocab={name}'s vocab.json
config = {{**awd_lstm_clas_config, {sizes}}}
learn = text_classifier_learner(dls, AWD_LSTM, config=config, pretrained=False)
learn.load_encoder("{name}")"""


def draw_downloads(entry: ModelEntry) -> None:
    """Draw a button and its code for every form in which `entry`, a usable model, can leave this machine."""
    config = entry.config
    assert config
    if config.part == "full":
        _draw_whole(entry.name, config)
    _draw_encoder(entry.name, config)
    _draw_fastai(entry.name, config)
    st.caption("A file is built and checked when you press its button.")


def _draw_whole(name: str, config: ModelConfig) -> None:
    st.subheader("The model", anchor=False)
    st.markdown("A folder with weights, vocabulary, configuration and card. Unpack it anywhere; no pickle is in it.")
    half = False
    if config.dtype == "float32":
        weights = st.segmented_control("Weights", [STORED, HALF], default=STORED, required=True, key="download-weights")
        half = weights == HALF
    draw_download("Download the model", partial(registry.zipped, name, half=half), f"{name}.zip", ZIP)
    _code(f'from ulmfit_app import load_model\nmodel = load_model("path/to/{name}")\nprint({USES[config.kind]})')


def _draw_encoder(name: str, config: ModelConfig) -> None:
    st.subheader("Its encoder", anchor=False)
    st.markdown(
        "The model without its head: what ULMFiT hands from one step to the next. It turns texts into vectors, and "
        "a training can start from it."
    )
    called = f"{name}-encoder"
    draw_download("Download the encoder", partial(registry.zipped, name, encoder=True), f"{called}.zip", ZIP)
    vectors = f"(2, {3 * config.architecture.emb_sz})"
    _code(
        f'from ulmfit_app import load_model\nencoder = load_model("path/to/{called}")\n'
        f'encoder.embed(["A fine film.", "Dreadful."]).shape  # {vectors}: last, maximum and mean over the tokens'
    )


def _draw_fastai(name: str, config: ModelConfig) -> None:
    st.subheader("For fastai", anchor=False)
    st.markdown(
        "The encoder as the `.pth` file that `learn.save_encoder` writes and `learn.load_encoder` reads. The learner "
        "needs the same vocabulary (`vocab.json` of the model) and sizes."
    )
    shape = config.architecture
    sizes = f'"emb_sz": {shape.emb_sz}, "n_hid": {shape.n_hid}, "n_layers": {shape.n_layers}'
    draw_download("Download for fastai", partial(registry.encoder_file, name), f"{name}.pth", PTH)
    _code(FASTAI.format(name=name, sizes=sizes))


def _code(text: str) -> None:
    st.code(text, language="python", wrap_lines=True)
