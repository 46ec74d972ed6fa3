"""Shelf: packages on shelves of electronic price labels, assigned through one store's server.

Facts. One GET lists all shelves of a store with what each package was told to be and is; the answer says how many there
are. One POST assigns a version of a package, or none, to up to 50 shelves; sent twice it does nothing more. The server
keeps what it is told for shelves that are away. A shelf that cannot use a version says why, and stays as it was.
"""
