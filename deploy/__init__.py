"""Airflow on one machine: for looking around (`make up`), for the sample run (`make run`) and for the live tests."""
