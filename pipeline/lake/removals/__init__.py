"""What a lake shall not hold any more: erased providers, and rows that say that a page is gone.

It defines and reads the records of removals; `operations` decides what is removed, and removes it.
"""

__all__ = ["erased_providers", "erasures", "tombstones"]
