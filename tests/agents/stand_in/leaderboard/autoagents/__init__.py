"""A small stand-in of CARLA's leaderboard: the part of it that an agent meets."""
