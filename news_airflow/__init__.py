"""What Airflow loads of this project besides the DAG files: the plugin that shows the pages of `pipeline.operations.pages`."""
