#!/usr/bin/env bash
# The first step of a deployment, which can be repeated: tables of the metadata database, the pool that the DAGs name, the lake's bucket.
set -euo pipefail

airflow db migrate
airflow pools set fetch "${FETCH_SLOTS:-4}" "requests to publishers"
if [ -n "${LAKE_BUCKET:-}" ]; then
  python - <<'PYTHON'
import contextlib
import os

import boto3

client = boto3.client("s3", endpoint_url=os.environ.get("LAKE_ENDPOINT") or None)
with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):
    client.create_bucket(Bucket=os.environ["LAKE_BUCKET"])
PYTHON
fi
