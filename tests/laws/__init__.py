"""What holds for every input, checked by hypothesis."""
