#!/usr/bin/env sh
# Installs the package, as it is packed, with this program into a folder outside of the repository, where nothing else is found.
set -e
folder=$1
mkdir -p "$folder"
rm -f "$folder"/*.tgz
cp main.ts package.json "$folder"
npm pack ../../.. --silent --pack-destination "$folder"
npm install --prefix "$folder" --silent --no-audit --no-fund --no-save "$folder"/llm-connector-hub-*.tgz
