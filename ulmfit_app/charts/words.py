"""Names of labels and stages as plotly shows them."""


def plain(name: str) -> str:
    """`name` as it is: plotly reads `<` as markup."""
    return name.replace("&", "&amp;").replace("<", "&lt;")


def short(name: str, width: int) -> str:
    """The same, cut to `width` characters."""
    return plain(name if len(name) <= width else name[: width - 1] + "…")
