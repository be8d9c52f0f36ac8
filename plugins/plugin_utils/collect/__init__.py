"""The archive for a request for help: what is redacted, how it is bounded, what it is made of."""
