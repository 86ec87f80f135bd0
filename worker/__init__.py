"""Door 3: time and queues. Celery rings, services.jobs does the work."""
