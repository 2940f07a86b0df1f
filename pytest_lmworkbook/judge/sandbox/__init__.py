"""Tier ``sandbox``: one module per way to build one, a probe that distrusts them all, and a chooser.

`confine`, `landlock`, `seccomp` and `identity` run in the server or the worker and import nothing else of
ours; the rest runs in the judge.
"""
