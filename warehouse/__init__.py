"""From responses to answers: landing, readings, summaries, facts, marts, and the published DuckDB file."""
