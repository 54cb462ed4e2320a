"""The button that copies the link to the page as it stands. The link is the browser's address, which holds the view."""

from ulmfit_app.ui.scripts import COPY_LINK, draw_with

HTML = (
    "<div class='ulmfit-copy'><span role='status'></span> <button type='button'>Copy link</button>"
    "<input readonly hidden aria-label='Link to this view'></div>"
)


def draw_copy_link() -> None:
    """Draw it."""
    draw_with(COPY_LINK, HTML)
