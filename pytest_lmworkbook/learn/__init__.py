"""The student side: the starter repository."""
