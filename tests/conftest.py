"""One Hypothesis profile for all tests: the same examples every time, no clock, nothing kept on disk."""

import hypothesis

hypothesis.settings.register_profile(
    "backprove", derandomize=True, deadline=None, database=None, max_examples=50, print_blob=False
)
hypothesis.settings.load_profile("backprove")
