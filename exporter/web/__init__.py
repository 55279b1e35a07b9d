"""The web room: answers scrapers and people from memory, never waits for a backup server.

`server.py` listens, `application.py` says which address answers what, `access.py` and its
neighbours apply the file of `--web.config.file`. What is shown comes through `state.py`.
"""
