"""Frame to Scene: network, decoding, tracking, localisation; data sets, training, export."""
