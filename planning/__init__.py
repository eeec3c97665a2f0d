"""Scene to Plan: observation encoding, reward, the RL policy, its training, the expert, export."""
