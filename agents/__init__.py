"""Whole drivers; evaluation, metrics and reports; the command line."""
