"""sitecustomize of the interpreter behind /usr/bin/python3: with ``-X fakemac`` it says that it runs on a Mac.

platform.* follows from os.uname(), the version of macOS from SystemVersion.plist. Children do not inherit the option.
"""

import sys

if "fakemac" in sys._xoptions:
    import os

    _real = os.uname()
    _answer = os.uname_result(
        ("Darwin", _real.nodename, "25.1.0", "Darwin Kernel Version 25.1.0: root:xnu-12377.41.6~2/RELEASE_ARM64_T6020", "arm64")
    )
    os.uname = lambda: _answer
