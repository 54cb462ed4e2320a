"""Names of uploaded files: any of them can be written into one folder, and keeps its suffix."""

from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ulmfit_app.ui.uploads import LONGEST_NAME, on_disk, safe_name


class Upload(BytesIO):
    """As much of Streamlit's uploaded file as is used."""

    def __init__(self, name: str) -> None:
        super().__init__(b"text\nA film\n")
        self.name = name


@pytest.mark.parametrize("name", ["reviews.csv", "電" * 250 + ".csv", "..", "", "a/../b.csv", "\ud800.csv", "a\0.csv"])
def test_a_file_of_any_name_lies_in_a_folder_that_goes(name: str) -> None:
    with on_disk(Upload(name)) as path:
        assert path.read_bytes() == b"text\nA film\n"
        assert path.suffix == (".csv" if name.endswith(".csv") else "")
        folder = path.parent
    assert not folder.exists()


@given(st.text())
@example("../../etc/passwd")
def test_no_name_leads_out(name: str) -> None:
    safe = safe_name(name)
    assert Path("folder", safe).resolve().parent == Path("folder").resolve()
    assert len(safe.encode()) <= LONGEST_NAME and "\0" not in safe
