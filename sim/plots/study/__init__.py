"""Pictures of studies: a file for each kind."""
