"""Secrets of a cluster on the controller: its token, its certificate authority and the certificates of its nodes."""
