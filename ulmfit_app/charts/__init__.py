"""Charts: data in, plotly figure out. The only plotly import. Reads no file; colours and fonts come from the theme."""
