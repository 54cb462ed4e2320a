"""Texts: where they come from, how they become tokens and minibatches. No torch, no fastai."""
