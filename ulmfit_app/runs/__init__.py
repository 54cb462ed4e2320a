"""Runs: one folder each under `<home>/runs`, worked on by a process of its own.

Worker and readers share only that folder. One writer per file:

- submitter: `spec.json`, written once (`RunSpec`), and the file of texts that some runs read, copied
- worker:    `status.json` (`RunStatus`, replaced atomically), `events.jsonl` (one `Event` a line), `log.txt` (its
  output), `checkpoints/`, `model/` (the model until it gets its place), `table.csv` (row by row what an evaluation or
  a bulk prediction found), `result.json` (`RunResult`); it holds an OS lock on `lock` for as long as it lives
- UI, CLI, API: `request.json` (`RunRequest`), read by the worker between minibatches; deleted by whoever resumes

Runs wait in `<home>/queue.json` (`Queue`), changed only under `queue.lock`; the holder of `dispatch.lock` starts them.
Deleted runs lie in `<home>/trash/runs`. A server holds `server.lock` while it serves the home.

The state is derived by every reader (`state.py`), so a killed worker or a power cut cannot leave a wrong one behind.
"""
