"""What pyproject.toml cannot say: a wheel holds `data/`, the only copy of the catalogue, as the package `pipeline.catalogue`."""

from __future__ import annotations

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["pipeline", "pipeline.*", "news_airflow"]), "pipeline.catalogue"],
    package_dir={"pipeline.catalogue": "data"},
    package_data={
        "": ["py.typed", "data/*.yaml"],
        "pipeline.stories": ["*.txt", "*.tsv"],
        "pipeline.extraction": ["*.tsv"],
        "pipeline.text": ["data/*.tsv"],
        "pipeline.catalogue": ["*.yaml"],
        "pipeline.operations.pages": ["templates/*.html", "static/*"],
    },
)
