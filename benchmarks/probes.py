"""Sentences of kinds that a sentiment classifier finds hard, written for this project; too few to measure anything by.

They show where a model errs, for the limits in its card. Nothing is trained or tuned on them.
"""

from typing import Any

from ulmfit_app.inference.predictor import Predictor

PROBES: dict[str, tuple[tuple[str, str], ...]] = {
    "negation": (
        ("This is not a bad film at all.", "pos"),
        ("I did not like it, and neither did my friends.", "neg"),
        ("There was never a dull moment.", "pos"),
        ("It isn't funny, it isn't moving, and it isn't clever.", "neg"),
        ("You will not regret seeing this.", "pos"),
        ("Hardly anything in it works.", "neg"),
        ("I can't say a single bad word about it.", "pos"),
        ("Nobody in this cast can act.", "neg"),
    ),
    "sarcasm": (
        ("Oh great, another two hours of my life that I will never get back.", "neg"),
        ("If watching paint dry is your idea of fun, this one is for you.", "neg"),
        ("A masterpiece, if you have never seen a film before.", "neg"),
        ("The best part was the end credits.", "neg"),
        ("I laughed all the way through. It was meant to be a tragedy.", "neg"),
        ("Bravo. They found a way to make dragons boring.", "neg"),
    ),
    "very short": (
        ("Great!", "pos"),
        ("Awful.", "neg"),
        ("Loved it.", "pos"),
        ("Meh.", "neg"),
        ("Must see", "pos"),
        ("Don't bother.", "neg"),
        ("10/10", "pos"),
        ("1/10", "neg"),
    ),
    "praise and blame": (
        ("The effects are cheap and the plot is thin, but I enjoyed every minute.", "pos"),
        ("Beautiful pictures, fine actors, and still a terribly boring film.", "neg"),
        ("It starts slowly and badly, then it becomes one of the best thrillers in years.", "pos"),
        ("The book is wonderful. This is not the book.", "neg"),
        ("Critics hated it. They were wrong.", "pos"),
        ("I wanted to love it, and the first half is brilliant, but the rest ruins everything.", "neg"),
    ),
}


def tried(predictor: Predictor) -> dict[str, Any]:
    """By kind: how many `right` of how many `n`, and the texts with a `wrong` answer."""
    found = {}
    for kind, pairs in PROBES.items():
        predictions = predictor.predict_many([text for text, _ in pairs])
        wrong = [text for (text, label), said in zip(pairs, predictions, strict=True) if said.label != label]
        found[kind] = {"right": len(pairs) - len(wrong), "n": len(pairs), "wrong": wrong}
    return found
