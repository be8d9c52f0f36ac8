"""Tests of the scenarios: the fixtures of tests/support."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.fixtures import *  # noqa: F403
