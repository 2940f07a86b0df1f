"""One module per kind of problem: its YAML model, its cases, and how a case is judged."""
