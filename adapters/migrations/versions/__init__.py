"""One module per revision, each with the SQL beside it; forward only."""
