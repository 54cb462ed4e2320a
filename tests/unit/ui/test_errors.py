"""Errors reach the person as text: escaped, without tracebacks, without the rest of the page."""

import pytest
from streamlit.testing.v1 import AppTest

from ulmfit_app.ui.errors import plain


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("The column 'label_text' is missing.", r"The column 'label\_text' is missing."),
        ("![x](http://example.org/x.png)", r"!\[x\](http://example.org/x.png)"),
        ("a * b < c $ d `e`", r"a \* b \< c \$ d \`e\`"),
        ("C:\\temp", r"C:\\temp"),
        ("a &lt; b", r"a \&lt; b"),
        (":red[x] :smile: :material/home:", ":\u2060red\\[x\\] :\u2060smile: :\u2060material/home:"),
        ("10:30:15, http://a.org:80/b, Note: so", "10:30:15, http://a.org:80/b, Note: so"),
        ("nothing to escape, 100%", "nothing to escape, 100%"),
    ],
)
def test_plain_escapes_markdown(text: str, escaped: str) -> None:
    assert plain(text) == escaped


def test_told_shows_an_app_error_and_goes_on() -> None:
    def script() -> None:
        import streamlit as st

        from ulmfit_app.errors import DataError
        from ulmfit_app.ui.errors import told

        with told():
            raise DataError("The file is empty.", todo="Choose another one.")
        st.write("the rest")

    app = AppTest.from_function(script).run()
    assert [error.value for error in app.error] == ["The file is empty. Choose another one."]
    assert app.markdown[0].value == "the rest"


@pytest.mark.parametrize(
    ("number", "begins", "todo"),
    [
        ("ENOSPC", "The disk is full.", "Free some space"),
        ("EROFS", "A file of this app's home", "Make the folder"),
    ],
)
def test_told_shows_trouble_with_the_disk_without_its_path(number: str, begins: str, todo: str) -> None:
    script = (
        "import errno, os\nimport streamlit as st\nfrom ulmfit_app.ui.errors import told\nwith told():\n"
        f"    raise OSError(errno.{number}, os.strerror(errno.{number}), '/srv/secret')\nst.write('the rest')"
    )
    app = AppTest.from_string(script).run()
    (error,) = app.error
    assert error.value.startswith(begins)
    assert todo in error.value
    assert "secret" not in error.value
    assert app.markdown[0].value == "the rest"


def test_told_lets_other_errors_pass() -> None:
    def script() -> None:
        from ulmfit_app.ui.errors import told

        with told():
            raise ZeroDivisionError("secret detail")

    app = AppTest.from_function(script).run()
    assert not app.error
    assert app.exception


@pytest.mark.parametrize(
    ("make", "begins"), [("AppError('It is so.')", "It is so."), ("KeyError('secret')", "The app made a mistake.")]
)
def test_unexpected_says_a_sentence_and_hides_the_exception(make: str, begins: str) -> None:
    script = (
        "import streamlit as st\nfrom ulmfit_app.errors import AppError\nfrom ulmfit_app.ui.errors import unexpected\n"
        f"st.write(unexpected({make}))"
    )
    app = AppTest.from_string(script).run()
    assert app.error[0].value.startswith(begins)
    assert "secret" not in app.error[0].value
    assert app.markdown[0].value == "`True`"
