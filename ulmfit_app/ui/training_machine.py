"""How a training computes on this machine: device, precision, threads, seed, and how many texts it reads."""

from dataclasses import dataclass

import streamlit as st

from ulmfit_app import limits
from ulmfit_app.settings import settings

DEVICES = ("auto", "cuda", "mps", "cpu")
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
WIDTH = 150  # pixels of a control


@dataclass(frozen=True, slots=True)
class Machine:
    """The choices, as a run's spec has them."""

    device: str
    precision: str
    threads: int | None
    seed: int
    limit: int | None


def pick_machine() -> Machine:
    """Draw the controls. What this machine does not have is refused at the start: asking it would load torch.

    On a hosted server a visitor chooses only which and how many texts are read.
    """
    with st.container(horizontal=True):
        device, precision, threads = ("auto", "auto", None) if limits.are_set() else _pick_computing()
        seed = st.number_input(
            "Seed",
            0,
            2**32 - 1,
            42,
            key="training-seed",
            bind="query-params",
            width=WIDTH,
            persist_state="session",
            help="Of everything random.",
        )
        most = settings().visitor_training_texts if limits.are_set() else None
        limit = st.number_input(
            "Limit", 4, most, None, key="limit", bind="query-params", width=WIDTH, persist_state="session",
            placeholder=f"{most:,}" if most else "none",
            help="Read only this many training texts, and a quarter as many (at least 100) for validation.",
        )  # fmt: skip
    return Machine(device, precision, threads, seed, limit)


def _pick_computing() -> tuple[str, str, int | None]:
    """Device, precision and threads."""
    device = st.selectbox(
        "Device", DEVICES, key="device", width=WIDTH, persist_state="session", help="auto: the fastest one here."
    )
    precision = st.selectbox(
        "Precision",
        PRECISIONS,
        key="precision",
        width=WIDTH,
        persist_state="session",
        help="Number type of the forward pass. auto: the fastest that the device computes well.",
    )
    threads = st.number_input(
        "Threads", 1, 256, None, key="threads", width=WIDTH, persist_state="session", help="Of the CPU.",
        placeholder="all",
    )  # fmt: skip
    return device, precision, threads
