"""Values → text, JSON and Markdown for people and scripts; no I/O.

Text is made of styled lines (`line`), which become plain text or rich's colours; rich is imported only for the latter.
"""
