"""The JSON API for scripts: records, the parameters that narrow them, and their description."""
