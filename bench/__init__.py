"""Measurements on real pages, stories and servers; none of them is part of the library."""
