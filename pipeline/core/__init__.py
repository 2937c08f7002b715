"""The words that every room speaks: values between stages, errors, settings, catalogue, table schemas, bounded worker processes.

It never fetches, reads no page and knows no path of the lake.
"""

__all__ = [
    "catalogue",
    "confidence",
    "errors",
    "models",
    "out_of_memory",
    "progress",
    "rights",
    "rights_policy",
    "schema",
    "settings",
    "workers",
    "yaml_files",
]
