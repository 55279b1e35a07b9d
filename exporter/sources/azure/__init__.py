"""Veeam Backup for Microsoft Azure, API v1 to v8.1. `source.py` is where to begin reading."""
