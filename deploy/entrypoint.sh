#!/bin/sh
# Secrets come as files. In SECRETS_FOLDER (/run/secrets without it) each file whose name is in
# capitals becomes the environment variable of that name; "installation-secret" (32 bytes) becomes
# the secret of a data folder that has none yet.
set -eu
umask 077
LC_ALL=C
folder="${SECRETS_FOLDER:-/run/secrets}"
data="${ANTIPHON_DATA:-data}"
for file in "$folder"/[A-Z]*; do
    [ -f "$file" ] || continue
    export "${file##*/}=$(cat "$file")"
done
if [ -f "$folder/installation-secret" ] && [ ! -e "$data/secret" ]; then
    mkdir -p "$data"
    cp "$folder/installation-secret" "$data/secret.$$.$(hostname)"
    # A link is there whole or not at all, and does not replace what another one has put there.
    ln "$data/secret.$$.$(hostname)" "$data/secret" || [ -e "$data/secret" ]
    rm "$data/secret.$$.$(hostname)"
fi
exec antiphon "$@"
