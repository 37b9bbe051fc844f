# Points the `airflow` command of this shell at the laptop house of this checkout: source scripts/airflow_env.sh
retail_ops_root="$(cd "$(dirname "${BASH_SOURCE[0]:-$0}")/.." && pwd)"
eval "$(PYTHONPATH="$retail_ops_root" "$retail_ops_root/.venv/bin/python" -m include.sandbox env)"
unset retail_ops_root
