"""A server that unmodified CARLA 0.9.16 clients talk to; `server.Server` puts it together."""
