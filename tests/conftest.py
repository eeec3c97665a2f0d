from __future__ import annotations

from hypothesis import settings

# The first call of a kernel compiles it, which no deadline should count; and a failure in CI
# must be the same failure at home.
settings.register_profile("roadworthy", deadline=None, derandomize=True)
settings.load_profile("roadworthy")
