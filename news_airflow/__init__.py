"""What Airflow loads of this project besides the DAG files: the plugin with the pages of `pipeline.operations.pages` and the run notes."""
