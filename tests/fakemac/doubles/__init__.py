"""Commands of macOS, modelled from documented behaviour for test nodes; tests/fakemac/README.md says what each proves."""
