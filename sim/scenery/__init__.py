"""What stands beside the road: one scene of boxes and meshes for all sensors and collisions."""
