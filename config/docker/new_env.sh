#!/bin/sh
# Makes .env from .env.example: `sh config/docker/new_env.sh [TARGET]`. Each empty variable below a line "# Generate: ..."
# gets what that command prints. An existing file is never touched. Needs openssl.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
target=${1:-$here/.env}

if [ -e "$target" ]; then
    echo "$target exists already; it is left as it is." >&2
    exit 1
fi
command -v openssl > /dev/null || { echo "openssl is needed and was not found." >&2; exit 1; }

umask 077
draft=$(mktemp "$target.XXXXXX")
trap 'rm -f "$draft"' EXIT

generate=""
while IFS= read -r line; do
    case $line in
        "# Generate: "*)
            generate=${line#"# Generate: "}
            ;;
        [A-Z]*=)
            if [ -n "$generate" ]; then
                value=$(sh -c "$generate")
                [ -n "$value" ] || { echo "This printed nothing: $generate" >&2; exit 1; }
                line=$line$value
            fi
            generate=""
            ;;
        *)
            generate=""
            ;;
    esac
    printf '%s\n' "$line"
done < "$here/.env.example" > "$draft"

mv "$draft" "$target"
trap - EXIT
echo "Made $target. These lines still need you:"
grep -n CHANGE_ME "$target" | cut -d= -f1 | grep -v '#' | sed 's/^/  line /; s/:/ /'
