"""The command line's commands, one module a group; heavy imports wait until a command runs."""
