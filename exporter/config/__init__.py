"""The configuration room: the user's YAML file becomes frozen values, or a list of problems."""
