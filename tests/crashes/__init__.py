"""Crashes: real processes are killed by SIGKILL, again and again, and what they leave behind is looked at.

After each kill: every landed file can be read to its end; each response that the killed run's log had called
landed is in the landing; the published warehouse opens and answers; the next run succeeds without a hand and
leaves nothing hidden behind. In the end the tables are those of runs that nobody killed.

A kill comes at a random instant of the run, or right before one of its steps that make, name or remove a
file; the next run of the tests tries others. `CRASH_KILLS` multiplies how many there are (1 unless it is
set), `CRASH_SEED` repeats the choices of a run; a test that fails prints its seed.

    CRASH_KILLS=15 pytest tests/crashes -rP
"""
