"""Measures of a drive, one definition in one file each, named after where it comes from."""
