"""The only room that knows the HTTP client: logon, retry, paging, limits, TLS."""
