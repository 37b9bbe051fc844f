# The image of every Airflow service: the official one, with exactly the packages of requirements.txt and with the code
# baked in. Build: docker compose build
FROM apache/airflow:3.3.2-python3.12

# What DAGs call: a browser for competitor_prices, the databases' own tools for backups, ping for connectivity_watch.
USER root
RUN apt-get update \
    && apt-get install --yes --no-install-recommends chromium chromium-driver iputils-ping mariadb-client postgresql-client \
    && rm -rf /var/lib/apt/lists/*
USER airflow

# Made here, so that the user airflow owns them: named volumes take owner and mode from these folders. Group 0 may write,
# because every AIRFLOW_UID runs in it.
RUN cd /opt/airflow && mkdir -p -m 0775 retail-ops logs store_files product_photos store_settings sandbox

# The official image brings many providers and their libraries. `sync` removes what the lock does not name, so that the
# containers run what the tests ran. `--require-hashes` refuses any package that differs from the locked one.
WORKDIR /opt/airflow/retail-ops
COPY --chown=airflow:0 requirements.txt .
RUN uv pip sync --no-cache --compile-bytecode --require-hashes requirements.txt

# What may enter the image is listed in .dockerignore.
COPY --chown=airflow:0 . .
# Editable: the connection types are registered, and plugins/retail_ops stays the only copy of its code.
RUN uv pip install --no-cache --no-deps --no-build-isolation --editable .

# `include` must be found by processes that do not add the DAG bundle to their path, such as the triggerer.
ENV PYTHONPATH=/opt/airflow/retail-ops

RUN python -c "import os; from importlib.metadata import version; lock, image = version('apache-airflow'), os.environ['AIRFLOW_VERSION']; assert lock == image, f'requirements.txt has Airflow {lock}, the image {image}'"
