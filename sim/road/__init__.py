"""OpenDRIVE to arrays, routes over them, and the generator of our own towns."""
