"""A training before it starts, as the command line and the pages ask for it: what it would do, and whether it can.

`request`: the usual parent and name, the spec, refusals. `planning`: texts and steps. `words`: how many words keep
their vectors. `estimate`: how long it takes. Reads models, datasets and runs of this machine; trains nothing.
"""
