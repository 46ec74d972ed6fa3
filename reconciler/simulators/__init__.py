"""The platforms as real HTTP servers: for the demo, for tests, for benchmarks.

Each simulator is written from the recorded facts about a platform's API alone and imports nothing of
`reconciler.platforms`, so that a misunderstanding cannot agree with itself on both sides of the wire. A simulator is a
pure world with a `handle(request) -> reply` function; `server` puts it behind a socket, which takes what the extra
`simulators` installs.
"""
