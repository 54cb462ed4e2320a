"""What does not use the Hub does not pay for its client."""

import subprocess
import sys


def test_the_package_is_imported_without_the_client() -> None:
    code = "import sys, ulmfit_app.hub, ulmfit_app.cli.hub; print({'huggingface_hub', 'httpx2'} & sys.modules.keys())"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "set()"
