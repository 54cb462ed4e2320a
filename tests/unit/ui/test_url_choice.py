"""A choice in the URL: taken from it, written to it, odd ones ignored."""

from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from ulmfit_app.ui.url_choice import choose_in_url

    st.text(choose_in_url("Model", ["a", "b", "c"], "model"))


def asked(app: AppTest) -> object:
    """What the URL says."""
    value = app.query_params.get("model")
    return value[0] if isinstance(value, list) else value


def test_the_first_is_chosen_and_leaves_the_url_clean() -> None:
    app = AppTest.from_function(page).run()
    assert (app.text[0].value, asked(app)) == ("a", None)


def test_a_choice_is_written_and_a_new_link_taken() -> None:
    app = AppTest.from_function(page).run()
    app.selectbox[0].select("b").run()
    assert (app.text[0].value, asked(app)) == ("b", "b")
    app.query_params["model"] = "c"
    assert app.run().text[0].value == "c"
    app.selectbox[0].select("a").run()
    assert (app.text[0].value, asked(app)) == ("a", "a")


def test_what_is_no_option_is_replaced() -> None:
    app = AppTest.from_function(page)
    app.query_params["model"] = "../x"
    app.run()
    assert (app.text[0].value, asked(app)) == ("a", "a")
