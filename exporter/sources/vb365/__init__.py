"""Veeam Backup for Microsoft 365, API v5 to v8. `source.py` is where to begin reading."""
