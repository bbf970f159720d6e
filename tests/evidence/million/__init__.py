"""A retrain of a million simulated people in PostgreSQL, by Celery's workers.

In: a number of people. Out: JSON lines of time and memory per step. Start in `__main__`.
"""
