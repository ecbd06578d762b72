"""The same pages through dlt, in an environment of their own (`.venv-bench`): we import nothing of it."""
