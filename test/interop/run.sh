#!/usr/bin/env bash
# Calls the gateway with clients of other languages: Python's grpcio and grpcurl, as in docs/getting-started.md.
# Needs `npm ci` before, python3 and go; a language that is not there is skipped.
# One line per check, then how many were skipped, if any, and last "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/../.."
PATH="$PWD/node_modules/.bin:$PATH"

work=$(mktemp -d)
gateway=
stop() {
  if [ -n "$gateway" ]; then
    kill -TERM "$gateway" 2>"$work/kill.log"
    wait "$gateway"
  fi
  rm -rf "$work"
}
trap stop EXIT

passed=0
failed=0
skipped=0
result() { # ok|not ok, name
  echo "$1 $2"
  if [ "$1" = ok ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}
skip() {
  echo "skipped $1"
  skipped=$((skipped + 1))
}
# check NAME PATTERN COMMAND...: the output of the command, errors included, must match the extended regular expression.
check() {
  local name=$1 pattern=$2
  shift 2
  if "$@" >"$work/output" 2>&1 </dev/null; [[ $(<"$work/output") =~ $pattern ]]; then
    result ok "$name"
  else
    result "not ok" "$name"
    sed 's/^/# /' "$work/output"
  fi
}

# Port 0 lets the system choose; the log says which.
start_gateway() {
  node build/main.ts
  env -u LLMHUB_CONFIG -u OPENAI_API_KEY -u ANTHROPIC_API_KEY \
    LLMHUB_LISTEN=127.0.0.1:0 LLMHUB_HTTP_LISTEN=127.0.0.1:0 LLMHUB_OPS_LISTEN=127.0.0.1:0 LLMHUB_LOG_FORMAT=json LLMHUB_LOG_LEVEL=info \
    node dist/main.js serve >"$work/gateway.log" 2>&1 &
  gateway=$!
  for _ in $(seq 300); do
    address=$(sed -n 's/.*"address":"\([^"]*\)".*"serving calls".*/\1/p' "$work/gateway.log")
    if [ -n "$address" ]; then return; fi
    if ! kill -0 "$gateway" 2>"$work/kill.log"; then break; fi
    sleep 0.1
  done
  cat "$work/gateway.log"
  result "not ok" "the gateway starts"
  return 1
}

grpcurl_checks() {
  if ! command -v go >"$work/which"; then
    skip "grpcurl: there is no go to build it"
    return
  fi
  if ! GOBIN="$work/bin" go install github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3 >"$work/go.log" 2>&1; then
    result "not ok" "grpcurl: it is built"
    sed 's/^/# /' "$work/go.log"
    return
  fi
  result ok "grpcurl: it is built"
  local service=llmhub.v1.CompletionService
  call() { "$work/bin/grpcurl" -plaintext -max-time 30 "$@"; }
  check "grpcurl: list" "$service.*llmhub.v1.ModelService" call "$address" list
  check "grpcurl: describe" "rpc StreamComplete.*stream .llmhub.v1.StreamCompleteResponse" \
    call "$address" describe "$service"
  check "grpcurl: describe a message" "max_output_tokens" call "$address" describe llmhub.v1.CompleteRequest
  check "grpcurl: unary call" '"finishReason": "FINISH_REASON_STOP"' \
    call -d '{"model":"simulator/gpt","input":"Say hi"}' "$address" "$service/Complete"
  check "grpcurl: streaming call" '"started".*"partDelta".*"finished"' \
    call -d '{"request":{"model":"simulator/claude","input":"Say hi"}}' "$address" "$service/StreamComplete"
  check "grpcurl: embeddings" '"values": \[' \
    call -d '{"model":"simulator/embedding","inputs":["red","blue"]}' "$address" llmhub.v1.EmbeddingService/Embed
  check "grpcurl: reranking" '"results": \[[^]]*"index": 1' \
    call -d '{"model":"simulator/rerank","query":"sky","documents":["grass","blue sky"],"topN":1}' \
    "$address" llmhub.v1.RerankService/Rerank
  check "grpcurl: failing call with its details" \
    'Code: ResourceExhausted.*"reason": "PROVIDER_RATE_LIMITED".*"retryDelay": "2s".*"upstreamStatus": 429' \
    call -d '{"model":"simulator/gpt:429:retry-after-2","input":"hi"}' "$address" "$service/Complete"
  sed 's/^/# /' "$work/output"
  check "grpcurl: a request against the rules names the field" 'Code: InvalidArgument.*"field": "temperature"' \
    call -d '{"model":"simulator/gpt","input":"hi","temperature":9}' "$address" "$service/Complete"
  check "grpcurl: health" '"status": "SERVING"' call "$address" grpc.health.v1.Health/Check
}

if start_gateway; then
  grpcurl_checks
fi
if [ "$skipped" -gt 0 ]; then echo "$skipped skipped"; fi
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
