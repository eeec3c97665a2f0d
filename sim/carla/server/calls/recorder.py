"""Methods of the recorder."""
