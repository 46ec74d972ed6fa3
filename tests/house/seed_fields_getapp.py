"""The fields that GetApp's documents list, each with a value of its own and where people find it in our outputs."""

from __future__ import annotations

from typing import Any

CATALOG_ID = "12.radio@1.4.0"

RELEASE: dict[str, Any] = {
    "createdAt": "2026-04-22T16:58:12.269Z",
    "dependencies": [{"projectName": "codec", "version": "7.0.1"}, None],
    "displayName": "Field Radio",
    "id": CATALOG_ID,
    "label": "comms",
    "latest": True,
    "metadata": {"installationSize": 4711},
    "policies": [{"name": "only-north"}],
    "projectId": 12,
    "projectName": "radio",
    "releaseNotes": "Faster pairing",
    "releasedAt": "2026-04-24T01:02:03.000Z",
    "size": 1048576,
    "status": "released",
    "type": "formation",
    "updatedAt": "2026-04-23T08:09:10.000Z",
    "version": "1.4.0",
}
"""The `release` of a row."""

ROW: dict[str, Any] = {
    "artsDirPath": "/var/lib/getapp/data/comps/12.radio@1.4.0",
    "deliveryState": "done",
    "deviceReleaseStatus": "Installing",
    "downloadDuration": 83,
    "errMsg": "retrying the installer",
    "eta": 90,
    "progress": 41.0,
    "release": RELEASE,
    "state": "deploy",
}

ARTIFACT: dict[str, Any] = {
    "catalogId": CATALOG_ID,
    "id": 4712,
    "itemKey": "radio.rpm",
    "artifactType": "rpm",
    "metaData": '{"arch":"arm64"}',
    "url": "https://store.invalid/radio.rpm?X-Signature=LETS-IN",
    "size": 2048,
    "hash": {"algorithm": "SHA256Hex", "hash": "9f" * 32},
    "signature": "MEUCIQDsigned",
    "isExecutable": True,
    "arguments": "--quiet",
}

PREPARED: dict[str, Any] = {
    "catalogId": CATALOG_ID,
    "status": "error",
    "progress": 62,
    "size": 4096,
    "url": "https://store.invalid/12.zip?X-Signature=LETS-IN",
    "artifacts": [ARTIFACT],
    "error": {"errorCode": "DELIVERY.notVerified", "message": "checksum differs"},
}

EXPLAINED = {
    "artsDirPath": ("artsDirPath: /var/lib/getapp/data/comps/12.radio@1.4.0", "/var/lib/getapp/data/comps/12.radio@1.4.0"),
    "deliveryState": ("deliveryState: done", '["deliveryState","done"]'),
    "deviceReleaseStatus": ("deviceReleaseStatus: Installing", '["deviceReleaseStatus","Installing"]'),
    "downloadDuration": ("downloadDuration: 83 s", '["downloadDuration","83 s"]'),
    "errMsg": ("retrying the installer", "retrying the installer"),
    "eta": ("1 min 30 s left", '"eta":90'),
    "progress": ("41 % done", '"progress":41'),
    "release": ("radio", '"workload":{"id":"radio"'),
    "state": ("being installed", '["1.4.0","being installed"]'),
    "deviceId": ("edge-0", '"id":"edge-0"'),
    "isMaster": ("master=true", '["master","true"]'),
}  # fmt: skip
"""By field of a row and of its entry: what `explain` shows as text and as JSON."""

RELEASES = {
    "createdAt": ("2026-04-22T16:58Z", '"created":"2026-04-22T16:58:12.269Z"'),
    "dependencies": ("codec 7.0.1", '"dependencies":["codec 7.0.1"]'),
    "displayName": ("displayName Field Radio", '["displayName","Field Radio"]'),
    "id": (CATALOG_ID, f'"reference":"{CATALOG_ID}"'),
    "label": ("label comms", '["label","comms"]'),
    "latest": ("latest true", '["latest","true"]'),
    "metadata": ("", '"extra":"{\\"installationSize\\":4711}"'),
    "policies": ('policies [{"name":"only-north"}]', '["policies","[{\\"name\\":\\"only-north\\"}]"]'),
    "projectId": ("projectId 12", '["projectId","12"]'),
    "projectName": ("radio", '"workload":{"id":"radio"'),
    "releaseNotes": ("Faster pairing", '"notes":"Faster pairing"'),
    "releasedAt": ("releasedAt 2026-04-24T01:02:03.000Z", '["releasedAt","2026-04-24T01:02:03.000Z"]'),
    "size": ("1.0 MB", '"size":1048576'),
    "status": ("released", '"status":"released"'),
    "type": ("type formation", '["type","formation"]'),
    "updatedAt": ("", '"updated":"2026-04-23T08:09:10.000Z"'),
    "version": ("1.4.0", '"version":"1.4.0"'),
}
"""By field of a release: what `releases` shows; the empty text is in JSON alone."""

DELIVERIES = {
    "catalogId": (CATALOG_ID, f'"reference":"{CATALOG_ID}"'),
    "status": ("failed", '"status":"error"'),
    "progress": ("62 %", '"progress":62'),
    "size": ("4.1 kB", '"size":4096'),
    "url": ("", '"url":"https://store.invalid/12.zip"'),
    "artifacts": ("radio.rpm", '"artifacts":[{'),
    "error": ("checksum differs (DELIVERY.notVerified)", '"code":"DELIVERY.notVerified"'),
}

ARTIFACTS = {
    "catalogId": (CATALOG_ID, CATALOG_ID),
    "id": ("", '"reference":"4712"'),
    "itemKey": ("radio.rpm", '"name":"radio.rpm"'),
    "artifactType": ("", '"kind":"rpm"'),
    "metaData": ('metadata {"arch":"arm64"}', '"extra":"{\\"arch\\":\\"arm64\\"}"'),
    "url": ("", '"url":"https://store.invalid/radio.rpm"'),
    "size": ("2.0 kB", '"size":2048'),
    "hash": (f"SHA256Hex:{'9f' * 32}", f'"digest":"SHA256Hex:{"9f" * 32}"'),
    "signature": ("signature MEUCIQDsigned", '"signature":"MEUCIQDsigned"'),
    "isExecutable": ("executable", '"executable":true'),
    "arguments": ("arguments --quiet", '"arguments":"--quiet"'),
}
