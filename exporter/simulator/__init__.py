"""Simulated backup servers, written from the vendor's documents; shares no code with sources."""
