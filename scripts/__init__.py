"""Tools for developers, called by the Makefile."""
