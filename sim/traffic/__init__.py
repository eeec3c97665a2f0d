"""The other road users and the traffic lights, as kernels over arrays."""
