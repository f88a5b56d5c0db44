#!/bin/sh
# Installs the peers of the bench into this folder: Portkey from npm, LiteLLM from PyPI.
set -eu
cd "$(dirname "$0")"
npm ci --ignore-scripts --no-audit --no-fund
python3 -m venv venv
venv/bin/pip install --quiet --requirement requirements.txt
