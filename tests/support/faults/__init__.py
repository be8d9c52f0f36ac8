"""Faults on a cluster at work: what is done to it, what is seen meanwhile, what is made of that."""
