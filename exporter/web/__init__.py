"""The HTTP side: everything is answered from memory, nothing waits for a backup server."""
