"""Passes on many machines: each is a job in a PostgreSQL database, which any worker takes. Procrastinate does the queueing.

`database` reaches the database and sets it up, `queue` says what a job is and lays jobs down, `owner` says whether a worker
may still act for a group, `worker` owns the event loop that takes jobs.
"""
