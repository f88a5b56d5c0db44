#!/bin/sh
# Generates gen/ with what requirements-dev.txt installs; a copy elsewhere names where the .proto files are.
set -e
proto=../../../proto
third_party=../../../node_modules/.cache/llmhub-proto
rm -rf gen
mkdir gen
python -m grpc_tools.protoc -I "$proto" -I "$third_party" \
  --python_out=gen --grpc_python_out=gen --mypy_out=quiet:gen --mypy_grpc_out=quiet:gen \
  "$proto"/llmhub/v1/*.proto "$third_party"/buf/validate/validate.proto
