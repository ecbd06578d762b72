"""The first five minutes of a new team: what it answers becomes a registry file and a `.env`."""
