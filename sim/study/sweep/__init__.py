"""What numbers of a run do when settings take other values."""
