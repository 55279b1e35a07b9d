"""Tests of what has been counted, and of the file that remembers it."""
