"""The server itself: started as `make run` starts it, in an account that never ran Streamlit before."""

import urllib.request

from tools.appserver import Server


def test_a_first_start_asks_nothing_and_warns_of_nothing(server: Server) -> None:
    log = server.log.read_text().lower()
    assert server.url in log
    for unwanted in ("email", "welcome to streamlit", "not a valid config option", "warning", "external ip"):
        assert unwanted not in log


def test_answers_the_health_check(server: Server) -> None:
    with urllib.request.urlopen(f"{server.url}/_stcore/health") as answer:
        assert (answer.status, answer.read()) == (200, b"ok")
