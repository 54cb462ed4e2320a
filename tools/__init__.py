"""Tools of the project itself; nothing of the app imports them."""
