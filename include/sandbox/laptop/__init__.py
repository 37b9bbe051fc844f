"""The whole house on one machine: the sandbox store, the vendor stand-ins and Airflow, started and stopped
together.
"""
