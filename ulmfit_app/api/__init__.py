"""The HTTP API beside the pages: the same models, cache and limits, read-only but for the computing. See docs/api.md.

`routes()` is what the server adds to Streamlit's own, `protection()` what stands before all of it; with app.py this
package has the only Starlette objects.
"""

from ulmfit_app.api.endpoints import routes
from ulmfit_app.api.protection import protection

__all__ = ["protection", "routes"]
