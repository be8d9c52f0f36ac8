"""Write the SHA-256 of a stack's lock into its stack.yml (`make lock` calls it; preflight compares it)."""

import hashlib
import re
import sys
from pathlib import Path


def main(folder):
    stack = Path(folder) / "stack.yml"
    digest = hashlib.sha256((Path(folder) / "requirements.lock").read_bytes()).hexdigest()
    text, count = re.subn(r"(?m)^lock_sha256: \S+", f"lock_sha256: {digest}", stack.read_text())
    if count != 1:
        sys.exit(f"{stack} needs exactly one line 'lock_sha256: ...'.")
    stack.write_text(text)


if __name__ == "__main__":
    main(sys.argv[1])
