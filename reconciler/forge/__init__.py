"""Forges: where people review. One comment on a pull request, its label, and one issue for drift; GitHub and GitLab.

Facts: docs.github.com/rest (issue comments, labels, issues; pagination by `Link`; rate limits by `retry-after` and
`x-ratelimit-*`), docs.gitlab.com/api (notes, merge requests, issues; the same pagination; `ratelimit-*`).
"""
