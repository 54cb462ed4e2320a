# The app for a server with visitors, as docs/hosting.md says. Listens on 8501, as user 1000, who may write to the home
# folder only.
FROM python:3.11-slim-bookworm

# PyTorch's index of CPU builds. Empty: the package index, whose torch brings CUDA along, several gigabytes.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore \
    ULMFIT_HOME=/home/user/ulmfit \
    ULMFIT_MODE=hosted \
    ULMFIT_FRAME_ANCESTORS=https://huggingface.co \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_PORT=8501 \
    STREAMLIT_SERVER_XSRF_COOKIE_SAME_SITE=none

WORKDIR /app
COPY requirements.txt ./
RUN if [ -n "$TORCH_INDEX" ]; then \
        grep -E '^torch(vision)?==' requirements.txt > /tmp/torch.txt \
        && pip install --no-cache-dir --no-deps --index-url "$TORCH_INDEX" -r /tmp/torch.txt \
        && rm /tmp/torch.txt; \
    fi \
    && pip install --no-cache-dir -r requirements.txt

COPY . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e . \
    && useradd --create-home --uid 1000 user \
    && install --directory --owner user --group user "$ULMFIT_HOME"

USER 1000
EXPOSE 8501
HEALTHCHECK --start-period=60s --interval=30s --timeout=5s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://localhost:8501/healthz', timeout=4)"]
CMD ["python", "-m", "streamlit", "run", "app.py"]
