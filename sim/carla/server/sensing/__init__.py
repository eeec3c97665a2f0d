"""The sensors that clients attach: their specs, and what each sends at a frame."""
