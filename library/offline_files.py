#!/usr/bin/python
# Copyright: Studio Air Fabric contributors
# SPDX-License-Identifier: Apache-2.0
"""Documentation of the action plugin plugins/action/offline_files.py, which does the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: offline_files
short_description: Find files of the folder of an offline installation
version_added: "0.1.0"
author:
  - Studio Air Fabric contributors (@studio-air-fabric)
description:
  - Returns the files below a folder that C(offline_fetch) has filled. One that is missing, or differs from the manifest, is a
    failure that names it and the command to type.
extends_documentation_fragment:
  - saf.fabric.attributes
  - saf.fabric.attributes.controller
options:
  folder:
    description: Folder that was filled.
    type: path
    required: true
  prefix:
    description: How the paths begin, below the folder.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Get the packages
  saf.fabric.offline_files:
    folder: /srv/saf-offline
    prefix: packages/debian-12-amd64/
"""

RETURN = r"""
paths:
  description: Absolute paths of the files.
  type: list
  elements: str
  returned: success
"""
