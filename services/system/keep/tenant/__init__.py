"""One tenant as a file of an open format: out of one installation, into this or another one."""
