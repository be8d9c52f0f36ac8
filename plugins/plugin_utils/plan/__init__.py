"""What a benchmark will measure, before anything is measured: the profile after all choices, and how long it takes."""
