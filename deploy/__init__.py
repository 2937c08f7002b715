"""Airflow on one machine, for a look at its web interface (`make up`), the sample run (`make run`) and the live tests."""
