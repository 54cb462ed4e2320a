"""The models that can be named: the shipped ones of the checkout (read-only) and one's own under the home folder.

Lists, finds, names, deletes, restores and exports folders and keeps their notes; what is inside one is `modelfolder`'s
business. Whether a run needs a model is its caller's business: runs and registry do not import each other. Imports no
torch, except to export.
"""

from ulmfit_app.registry.cards import read_card, read_notes, write_notes
from ulmfit_app.registry.exporting import encoder_file, export, zipped
from ulmfit_app.registry.folders import ModelEntry, disk_use, entry, folder_of, models, named, new_folder, rename
from ulmfit_app.registry.handing_over import hand_over
from ulmfit_app.registry.lineage import Ancestor, ancestors, children, newest_lm_on
from ulmfit_app.registry.origins import adopt, origin_of, pulled_as
from ulmfit_app.registry.trash import TRASH, delete, restore
from ulmfit_app.registry.vocabulary import read_vocab

__all__ = [
    "TRASH",
    "Ancestor",
    "ModelEntry",
    "adopt",
    "ancestors",
    "children",
    "delete",
    "disk_use",
    "encoder_file",
    "entry",
    "export",
    "folder_of",
    "hand_over",
    "models",
    "named",
    "new_folder",
    "newest_lm_on",
    "origin_of",
    "pulled_as",
    "read_card",
    "read_notes",
    "read_vocab",
    "rename",
    "restore",
    "write_notes",
    "zipped",
]
