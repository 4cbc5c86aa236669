"""What is computed without asking anybody: hashes, tokens, seals, names by rule, pictures and sounds, printable pages."""
