"""The HTTP API beside the pages: the same models, cache and limits, read-only but for the computing. See docs/api.md.

`routes()` is what the server adds to Streamlit's own, `middleware()` what stands before all of it; with app.py this
package has the only Starlette objects.
"""

from collections.abc import Sequence

from starlette.middleware import Middleware

from ulmfit_app.api.endpoints import routes
from ulmfit_app.api.protection import KnownHosts, SecurityHeaders
from ulmfit_app.api.uploads import BoundedUploads, Held
from ulmfit_app.api.visitors import Visitors

__all__ = ["middleware", "routes"]


def middleware(inline_scripts: Sequence[str] = (), held: Held = lambda session: (0, 0)) -> list[Middleware]:
    """What every request passes, the outermost first.

    `inline_scripts`: the only ones that the pages may run; `held`: bytes of files that a session, and all, keep.
    """
    return [
        Middleware(SecurityHeaders, inline_scripts=inline_scripts),
        Middleware(KnownHosts),
        Middleware(Visitors),
        Middleware(BoundedUploads, held=held),
    ]
