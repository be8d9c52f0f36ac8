"""What a node shows of itself for a request for help: bounded texts, and which of them were cut or are missing and why."""
