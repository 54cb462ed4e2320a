"""The HTTP API beside the pages: the same models, cache and limits, read-only but for the computing. See docs/api.md.

`routes()` and `middleware()` are what the server adds to Streamlit's own; with app.py this
package has the only Starlette objects.
"""

from ulmfit_app.api.endpoints import routes
from ulmfit_app.api.visitors import middleware

__all__ = ["middleware", "routes"]
