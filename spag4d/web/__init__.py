"""The web page and its HTTP interface: jobs that survive a restart, run by processes of their own."""
