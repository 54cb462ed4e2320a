"""The Explore page: minibatches, vocabulary, one's own text; an empty home, links, bad input, two sessions."""

import ast
import re
from html import escape
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from tests.fixtures import VOCAB, tiny_lm
from ulmfit_app.data import sources
from ulmfit_app.data.exploration import Exploration, sample
from ulmfit_app.data.show_batch import show_classifier_batch, show_lm_batch
from ulmfit_app.data.vocabulary import coverage, make_vocab
from ulmfit_app.schema import SPECIAL_TOKENS
from ulmfit_app.settings import CHECKOUT
from ulmfit_app.ui import exploration
from ulmfit_app.ui.tokens import chips

PAGE = CHECKOUT / "pages" / "explore.py"
WORDS = ["good", "bad", "film", "plot", "actor", "scene", "the", "a", "was", "is", "never"]

pytestmark = pytest.mark.usefixtures("no_shipped_models")


@pytest.fixture
def toy(tmp_path: Path) -> Exploration:
    """A dataset of one's own called `toy`: 300 texts of two labels."""
    return added(tmp_path / "toy.csv", "text,label", [",pos", ",neg"])


def added(file: Path, header: str, labels: list[str]) -> Exploration:
    """The dataset of 300 texts, named after `file`."""
    drawn = np.random.default_rng(0)
    lines = [
        f"{' '.join(drawn.choice(WORDS, drawn.integers(4, 60)))} No{row}{labels[row % len(labels)]}"
        for row in range(300)
    ]
    file.write_text("\n".join([header, *lines]) + "\n")
    sources.add(file.stem, [file])
    dataset = sources.open_dataset(file.stem)
    return Exploration(dataset, dataset.token_table())


def opened(**query: str) -> AppTest:
    """A new session on the page, run once."""
    app = AppTest.from_file(PAGE, default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def drawn(app: AppTest) -> str:
    """All HTML on the page."""
    return "\n".join(element.body for element in app.html)


def written(app: AppTest) -> str:
    """All Markdown on the page."""
    return "\n".join(element.value for element in app.markdown)


def pressed(app: AppTest, label: str) -> AppTest:
    """The session after the button of that name was pressed."""
    return next(button for button in app.button if button.label == label).click().run()


def test_a_renamed_dataset_is_called_by_its_new_name(toy: Exploration) -> None:
    assert "(toy;" in written(opened(dataset="toy", view="Vocabulary"))
    sources.rename("toy", "game")
    now = written(opened(dataset="game", view="Vocabulary"))
    assert "(game;" in now and "(toy;" not in now


def test_the_classification_minibatch_is_drawn_as_show_batch_gives_it(toy: Exploration) -> None:
    app = opened(dataset="toy")
    batch = show_classifier_batch(toy)
    assert not app.exception and not app.error
    page = drawn(app)
    assert app.header[0].value == "The first 9 of 64 texts"
    assert re.findall(r"<strong>(neg|pos)</strong>", page) == [category for _, category in batch.rows]
    for tokens, _ in batch.rows:
        assert chips(tokens) in page
    assert f"**{batch.shape[0]} × {batch.shape[1]}** tokens, **{batch.padded:.1%}**" in written(app)


def test_row_3_a_long_text_is_cut_where_show_batch_cuts_it(tmp_path: Path) -> None:
    rows = [f"{'good film ' * 100}{row},{('pos', 'neg')[row % 2]}" for row in range(80)]
    (tmp_path / "long.csv").write_text("\n".join(["text,label", *rows]))
    sources.add("long", [tmp_path / "long.csv"])
    texts = re.findall(r"<p class='ulmfit-tokens'>(.*?)</p>", drawn(opened(dataset="long")))
    assert [text.count("class='ulmfit-token") for text in texts] == [150] * 9
    assert all("… 52 more" in text for text in texts)  # of xxbos, 200 words and the number


@pytest.mark.parametrize("view", ["Classification", "Language model"])
def test_row_4_the_legend_has_every_special_token(toy: Exploration, view: str) -> None:
    (legend,) = re.findall(
        r"<dl class='ulmfit-legend'>(?:(?!</dl>).)*xxbos.*?</dl>", drawn(opened(dataset="toy", view=view))
    )
    explained = re.findall(r"<dt><span [^>]*>([^<]*)</span></dt><dd>([^<]+)</dd>", legend)
    assert {token for token, _ in explained} == {*SPECIAL_TOKENS, r"\n\n"}


def test_row_5_the_five_parts_stand_beside_the_minibatch_with_the_notebooks_own(toy: Exploration) -> None:
    app = opened(dataset="toy")
    named = re.findall(r"<dt><code>(\w+)</code></dt><dd>([^<]+)</dd>", drawn(app))
    assert [part for part, _ in named] == ["TextBlock", "CategoryBlock", "get_items", "get_y", "splitter"]
    words, counts = dict(named), toy.dataset.info.counts
    assert f"{len(toy.vocab)} words" in words["TextBlock"] and "0 = neg, 1 = pos" in words["CategoryBlock"]
    assert f"{counts.train + counts.valid} labelled texts" in words["get_items"]
    assert f"{counts.train} to train, {counts.valid} to validate" in words["splitter"]
    call = ast.parse(app.code[0].value, mode="eval").body
    assert ast.unparse(call) == (  # the notebook's, word for word
        "DataBlock(blocks=(TextBlock.from_folder(path), CategoryBlock), get_items=get_text_files, get_y=parent_label, "
        "splitter=GrandparentSplitter(valid_name='test')).dataloaders(path)"
    )
    assert "`.dataloaders(bs=64, seq_len=72)`" in written(app)


def test_next_previous_and_random_walk_through_an_epoch(toy: Exploration) -> None:
    app = opened(dataset="toy")
    first = drawn(app)
    assert next(button for button in app.button if button.label == "Previous").disabled
    pressed(app, "Next")
    assert app.number_input(key="minibatch").value == 2
    assert chips(show_classifier_batch(toy, 1).rows[0][0]) in drawn(app)
    pressed(app, "Previous")
    assert drawn(app) == first
    pressed(app, "Random")
    seed, number = (int(app.number_input(key=key).value) for key in ("order_seed", "minibatch"))
    assert chips(show_classifier_batch(toy, number - 1, seed).rows[0][0]) in drawn(app)
    assert not app.exception


def test_a_link_opens_the_minibatch_it_names(toy: Exploration) -> None:
    app = opened(dataset="toy", minibatch="2", order_seed="7")
    assert chips(show_classifier_batch(toy, 1, 7).rows[3][0]) in drawn(app)


@pytest.mark.parametrize(
    "query",
    [{"minibatch": "999"}, {"minibatch": "-1", "order_seed": "x"}, {"view": "nonsense"}, {"dataset": "../../etc"}],
)
def test_what_a_bad_link_names_is_left_out(
    toy: Exploration, query: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "CATALOGUE", {})
    app = opened(**{"dataset": "toy"} | query)
    assert not app.exception and not app.error
    assert chips(show_classifier_batch(toy).rows[0][0]) in drawn(app)


@pytest.mark.usefixtures("toy")
def test_the_language_models_input_stands_over_its_target(toy: Exploration) -> None:
    app = opened(dataset="toy", view="Language model", minibatch="2")
    batch = show_lm_batch(toy, 1)
    page = drawn(app)
    assert len(re.findall("<ol class='ulmfit-pairs'>", page)) == 5
    pairs = re.findall(r"<li><span [^>]*>([^<]*)</span><span [^>]*>([^<]*)</span></li>", page)
    assert pairs == [(escape(x), escape(y)) for text, target in batch.rows for x, y in zip(text, target, strict=True)]
    assert f"tokens {batch.positions[1]:,} to {batch.positions[1] + batch.shape[1] - 1:,} of the stream" in page
    assert written(app).count("**Yes.**") == 2
    assert "validation texts are **not** among them" in written(app)
    assert written(opened(dataset="toy", view="Language model")).count("**Yes.**") == 1


def test_rows_6_and_8_which_texts_the_language_model_reads_is_counted_and_said(tmp_path: Path) -> None:
    explored = added(tmp_path / "partly.csv", "text,label", [",pos", ",neg", ","])
    counts, (train, valid) = explored.dataset.info.counts, explored.lm_rows
    assert counts.unlabelled == 100 and len(train) + len(valid) == counts.train + 100
    assert len(valid) == (counts.train + 100) // 10
    words = written(opened(dataset="partly", view="Language model"))
    assert f"the **{counts.train}** training texts and the **100** without label serve the language model" in words
    assert "A random tenth of them validates it (`valid_pct=0.1`), because these texts are not split otherwise" in words
    assert f"{len(train)} texts train and {len(valid)} validate" in words
    assert f"The **{counts.valid}** validation texts are **not** among them" in words


def test_a_shift_that_is_not_there_would_be_told(toy: Exploration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ulmfit_app.data.minibatches.is_shifted", lambda x, y: False)
    assert "**No!** The target" in written(opened(dataset="toy", view="Language model"))


def test_texts_without_labels_have_no_classification_minibatch(tmp_path: Path) -> None:
    added(tmp_path / "plain.csv", "text", [""])
    app = opened(dataset="plain")
    assert not app.exception
    assert "no labelled training texts" in app.error[0].value
    assert not opened(dataset="plain", view="Language model").error


def test_of_many_texts_a_sample_is_shown_until_all_are_asked_for(
    toy: Exploration, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = toy.dataset.info.name
    sources.rename(name, "large")
    monkeypatch.setattr(exploration, "sample", lambda dataset: sample(dataset, 150))
    monkeypatch.setattr(exploration.token_table, "is_kept", KeptOnce(exploration.token_table.is_kept))
    app = opened(dataset="large")
    assert "**sample of 150** of the 300 texts" in written(app)
    assert not app.exception
    pressed(app, "Tokenise all 300")
    assert not app.exception and not app.error
    assert "sample" not in written(app)
    assert chips(show_classifier_batch(toy).rows[0][0]) in drawn(app)


class KeptOnce:
    """Says of the first key that it is not kept, until it is asked for it a third time."""

    def __init__(self, is_kept) -> None:
        self.is_kept, self.asked = is_kept, 0

    def __call__(self, key: str) -> bool:
        self.asked += 1
        return self.asked > 2 and self.is_kept(key)


def test_the_vocabulary_follows_its_two_settings(toy: Exploration) -> None:
    app = opened(dataset="toy", view="Vocabulary")
    assert not app.exception
    for min_freq in (3, 1):
        app.number_input(key="min_freq").set_value(min_freq).run()
        covered = coverage(toy.lm_counts, make_vocab(toy.lm_counts, min_freq))
        assert f"<dt>of them known</dt><dd>{covered.kept:,}</dd>" in drawn(app)
        assert f"<dt>of them unknown</dt><dd>{covered.unknown_share:.2%}</dd>" in drawn(app)
    assert covered.unknown_share == 0


def test_a_word_is_searched(toy: Exploration) -> None:
    page = drawn(opened(dataset="toy", view="Vocabulary", word="FILM"))
    assert re.findall(r"<tr><td>[\d,]+</td><td><span [^>]*>(\w+)", page) == ["film"]
    assert f"<td>{toy.lm_counts['film']:,}</td>" in page
    app = opened(dataset="toy", view="Vocabulary", word="<b>zyzzyva")
    assert not app.exception and "No word of these texts contains that" in app.info[0].value


def test_the_words_are_held_against_a_models_vocabulary(home: Path, toy: Exploration) -> None:
    tiny_lm(home / "models" / "tiny")
    app = opened(dataset="toy", view="Vocabulary", vocabulary="a model", model="tiny")
    assert not app.exception and not app.error
    covered = coverage(toy.lm_counts, VOCAB)
    assert 0 < covered.unknown_share < 1
    assert f"<dt>of them unknown</dt><dd>{covered.unknown_share:.2%}</dd>" in drawn(app)


def test_a_text_in_the_link_is_tokenised_step_by_step(home: Path) -> None:
    tiny_lm(home / "models" / "tiny")
    app = opened(view="Your text", text="GREAT film, zyzzyva", model="tiny")
    assert not app.exception and not app.error
    page = drawn(app)
    assert re.findall(r"<strong>([\w ]+)</strong>", page) == ["as written", "replace_all_caps", "lowercase"]
    assert "<ins>xxup great</ins>" in page
    pairs = re.findall(r"<li><span [^>]*>([^<]*)</span><span>(\d+)</span></li>", page)
    tokens = ["xxbos", "xxup", "great", "film", ",", "zyzzyva"]
    assert pairs == [(token, str(VOCAB.index(token) if token in VOCAB else 0)) for token in tokens]
    assert re.findall(r"ulmfit-unknown' title='not in the vocabulary'>(zyzzyva)", page) == ["zyzzyva", "zyzzyva"]


def test_any_text_is_drawn_as_it_is(home: Path) -> None:
    tiny_lm(home / "models" / "tiny")
    app = opened(view="Your text", text="<script>alert(1)</script> \x00 🙂 **a** \n\n b")
    assert not app.exception and not app.error
    assert "<script>alert" not in drawn(app) and "&lt;script&gt;alert" in drawn(app)


def test_an_empty_home_still_tokenises_and_says_what_is_missing() -> None:
    app = opened(view="Your text")
    assert not app.exception
    assert "no model on this machine" in app.info[0].value
    assert "<ins>xxmaj this</ins>" in drawn(app)
    app.text_area[0].set_value("  ").run()
    assert "write a text above" in app.info[0].value
    assert "no model yet" in opened(view="Vocabulary", dataset="rotten-tomatoes", vocabulary="a model").info[0].value


def test_two_sessions_look_at_different_minibatches(toy: Exploration) -> None:
    mine, yours = opened(dataset="toy"), opened(dataset="toy")
    pressed(mine, "Next")
    yours.run()
    assert (mine.number_input(key="minibatch").value, yours.number_input(key="minibatch").value) == (2, 1)
    assert drawn(mine) != drawn(yours)
