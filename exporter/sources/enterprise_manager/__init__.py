"""Veeam Backup Enterprise Manager, API 1.5 to 1.7. `source.py` is where to begin reading."""
