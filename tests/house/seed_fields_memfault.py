"""The fields that Memfault's reference lists for a release, each with where people find it in ours."""

from __future__ import annotations

from typing import Any

NOTES = "<h1>Release Notes</h1><ul><li>Fix bug #1234</li><li>New Feature XYX</li></ul>"

RELEASE: dict[str, Any] = {
    "id": 2,
    "created_date": "2019-01-19T05:01:13.000000+00:00",
    "updated_date": "2019-01-20T05:01:13.000000+00:00",
    "version": "1.2.0",
    "min_version": "1.0.0",
    "revision": "11d95ef20f7a048ce1da1a6891dd3e2f92c89d85",
    "notes": NOTES,
    "extra_info": {"anything": "you_want", "ci_system": "Jenkins", "build_system": "GNU Make", "build_time_s": 384},
    "count_devices": 47,
}
"""The reference's own answer, with dates that differ."""

ARTIFACT: dict[str, Any] = {
    "id": 71,
    "type": "firmware",
    "hardware_version": "main-fw-mp",
    "build_id": "8be26a9f3b9127bc898f34e05a30a9a2c706cf43",
    "filename": "app.bin",
    "url": "https://ota-cdn.example.invalid/71/app.bin?signature=abc",
    "md5": "0cc175b9c0f1b6a831c399e269772661",
    "created_date": "2019-02-19T05:01:13.000000+00:00",
    "updated_date": "2019-02-20T05:01:13.000000+00:00",
    "extra_info": {"signed": True},
}
"""An artifact as the reference lists its fields."""

IN_JSON: dict[str, tuple[str, Any]] = {
    "id": ("reference", "2"),
    "created_date": ("created", RELEASE["created_date"]),
    "updated_date": ("updated", RELEASE["updated_date"]),
    "min_version": ("min_version", "1.0.0"),
    "revision": ("revision", RELEASE["revision"]),
    "notes": ("notes", NOTES),
    "extra_info": (
        "extra",
        '{"anything":"you_want","ci_system":"Jenkins","build_system":"GNU Make","build_time_s":384}',
    ),
    "count_devices": ("devices", 47),
}
"""By field of a release (`version` stands beside `info`), the key of `info` in JSON and what is there."""

ARTIFACT_IN_JSON: dict[str, tuple[str, Any]] = {
    "id": ("reference", "71"),
    "type": ("kind", "firmware"),
    "hardware_version": ("hardware", "main-fw-mp"),
    "build_id": ("build", ARTIFACT["build_id"]),
    "filename": ("name", "app.bin"),
    "url": ("url", "https://ota-cdn.example.invalid/71/app.bin"),
    "md5": ("digest", f"md5:{ARTIFACT['md5']}"),
    "created_date": ("created", ARTIFACT["created_date"]),
    "updated_date": ("updated", ARTIFACT["updated_date"]),
    "extra_info": ("extra", '{"signed":true}'),
}

IN_TEXT: dict[str, str] = {
    "created_date": "2019-01-19T05:01Z",
    "version": "1.2.0",
    "min_version": "1.0.0",
    "revision": "11d95ef20f7a",
    "notes": "Release Notes",
    "count_devices": "47",
}
"""By field of a release, how the table shows it; the others are in JSON alone."""
