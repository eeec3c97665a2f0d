"""The world of a CARLA 0.9.16 server, real or ours, with the face of the embedded one."""
