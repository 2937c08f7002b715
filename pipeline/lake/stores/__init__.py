"""Where the files of a lake lie: a local directory or another of Arrow's file systems, or an S3 bucket.

It knows paths only as text, and nothing of what the files hold.
"""

__all__ = ["arrow_store", "s3_store", "store_uris"]
