"""The row-level report, drawn: what is wrong with which rows, and what is done with them."""

from collections.abc import Sequence
from html import escape

import streamlit as st

from ulmfit_app.data.findings import read_as_words
from ulmfit_app.schema import Finding, ReadAs


def draw_report(findings: Sequence[Finding], read_as: Sequence[ReadAs] = ()) -> None:
    """Draw how the files were read and every finding, those that refuse the data first."""
    for item in read_as:
        st.html(f"<p class='ulmfit-facts'><span>Read as</span> <span>{escape(read_as_words(item))}</span></p>")
    if not findings:
        st.html("<p class='ulmfit-facts'>Nothing was found wrong with any row.</p>")
        return
    ordered = sorted(findings, key=lambda item: (not item.fatal, not item.dropped))
    st.html(f"<ul class='ulmfit-findings'>{''.join(map(_item, ordered))}</ul>")


def _item(finding: Finding) -> str:
    done = "refused" if finding.fatal else "left out" if finding.dropped else "kept"
    look = "ulmfit-broken" if finding.fatal else "ulmfit-ended"
    more = ", …" if finding.count > len(finding.rows) else ""
    word = "Row" if finding.count == 1 else "Rows"
    rows = f" {word} {', '.join(f'{row:,}' for row in finding.rows)}{more}." if finding.rows else ""
    return (
        f"<li><span class='ulmfit-state {look}'>{done}</span> <strong>{escape(finding.problem)}</strong>"
        f"<p>{escape(finding.message + rows)}</p></li>"
    )
