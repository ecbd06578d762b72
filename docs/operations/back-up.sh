#!/bin/sh
# Put everything that cannot be made again into one archive, while the pipeline runs.
#
#   back-up.sh HOME REGISTRY ARCHIVE.tar
#
# HOME is CAMPAIGN_HOME, REGISTRY is CAMPAIGN_REGISTRY; CAMPAIGN_LAKE is heeded. A landed file
# appears whole and changes under the build's lock alone (compaction, forgetting), which is held here meanwhile.
set -eu
home=$1 registry=$2 archive=$3
lake=${CAMPAIGN_LAKE:-$home}
# A lake in a bucket is backed up by the bucket's versions; here goes what is in no bucket.
case $lake in s3://*) lake=$home ;; esac
hidden=$(mktemp -d "$(dirname "$archive")/.back-up.XXXXXX")
trap 'rm -rf "$hidden"' EXIT

exec 9>>"$lake/.build.lock"
flock 9

# What reading has cost, without which a budget begins anew. A copy of the file alone could be torn.
if [ -f "$home/spending.sqlite" ]; then
    "${PYTHON:-python3}" -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("vacuum into ?", sys.argv[2:])' \
        "$home/spending.sqlite" "$hidden/spending.sqlite"
fi
mkdir "$hidden/registry"
cp -R "$registry"/. "$hidden/registry/"

(
    cd "$lake"
    for folder in landing forgotten; do
        [ ! -d "$folder" ] || find "$folder" -type f ! -name '.*' -print0
    done
) >"$hidden/landed"
# Where listings were broken off and what was asked last: losing it costs calls only.
(cd "$home" && find . -type f \( -path './.walks/*' -o -path './.attempts/*' \) ! -name '*.part' -print0) >"$hidden/asked"

tar --create --file "$hidden/archive.tar" --null \
    --directory "$lake" --verbatim-files-from --files-from "$hidden/landed" \
    --directory "$home" --verbatim-files-from --files-from "$hidden/asked"
(cd "$hidden" && tar --append --file archive.tar registry $([ ! -f spending.sqlite ] || echo spending.sqlite))
sync "$hidden/archive.tar"
mv "$hidden/archive.tar" "$archive"
