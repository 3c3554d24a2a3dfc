"""Serves a project's ``solution.py`` to the grader, and tries it at home.

``python3 -m testat serve DIR`` loads ``solution.py`` from DIR, then answers requests from standard
input on standard output: messages of tensors, one reply for each request. ``python3 -m testat try DIR``
calls its functions on the starter kit's samples and compares. A solution itself needs nothing from this
package; it is a plain module of functions on numpy arrays.

``link``     messages as bytes (length, then safetensors)
``call``     a request's tensors as a function's arguments, its result as a reply's tensors
``service``  the loop, the private descriptors, errors in words
``try_``     the samples of a starter kit, one function after the other
``digits``   invented digits to practise on, drawn as the grader draws them
"""

__version__ = "0.1.0"
API = "1"
