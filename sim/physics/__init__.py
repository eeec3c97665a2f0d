"""Vehicle dynamics: tabulated profiles, the bicycle model and its inverse."""
