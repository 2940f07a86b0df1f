"""What an instructor needs: proof that a problem works, answers, the schema of the format."""
