"""What pages share: navigation, pickers, errors, drawings. With app.py and pages/ the only importers of Streamlit."""
