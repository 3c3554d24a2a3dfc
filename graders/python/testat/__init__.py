"""Serves a project's ``solution.py`` to the grader.

``python3 -m testat serve DIR`` loads ``solution.py`` from DIR, then answers requests from standard
input on standard output: messages of tensors, one reply for each request. A solution itself needs
nothing from this package; it is a plain module of functions on numpy arrays.

``link``      messages as bytes (length, then safetensors)
``projects``  which request calls which function, with which arguments
``service``   the loop, the private descriptors, errors in words
"""

__version__ = "0.1.0"
API = "1"
