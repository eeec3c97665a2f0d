"""BatchWorld, the engine that steps many worlds at once, and World, a view of one of them."""
