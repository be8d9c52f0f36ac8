"""What a run says first, in words: one sentence, tiles, a table, problems. Page, terminal and copied text place it."""
