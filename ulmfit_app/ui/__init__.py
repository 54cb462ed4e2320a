"""What pages share: navigation, pickers, errors, drawings. With app.py and pages/ the only importers of Streamlit."""

from ulmfit_app import access
from ulmfit_app.ui import visitor

access.identify(visitor.visitor)
