#!/usr/bin/env bash
# Makes the certificates of this folder anew: those of callers, by an authority whose key is thrown away.
set -euo pipefail
cd "$(dirname "$0")"
ca_key=$(mktemp)
trap 'rm -f "$ca_key" request.pem' EXIT
curve=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)
openssl req -x509 "${curve[@]}" -days 36500 -subj "/CN=llmhub test authority of callers" -keyout "$ca_key" -out ca.pem 2>&1

cart=URI:spiffe://cluster.local/ns/shop/sa/cart
# certificate NAME SUBJECT ALT_NAMES [DAYS]
certificate() {
  openssl req "${curve[@]}" -subj "/CN=$2" -keyout "$1.key.pem" -out request.pem 2>&1
  openssl x509 -req -in request.pem -CA ca.pem -CAkey "$ca_key" -days "${4:-36500}" -out "$1.pem" \
    -extfile <([ -z "$3" ] || echo "subjectAltName=$3") 2>&1
}
certificate cart cart "$cart"
certificate billing billing DNS:billing.shop.test
certificate both both "$cart,DNS:billing.shop.test"
certificate stranger stranger URI:spiffe://cluster.local/ns/shop/sa/stranger
certificate subject-only spiffe:\\/\\/cluster.local\\/ns\\/shop\\/sa\\/cart ""
certificate disguised disguised DNS:spiffe://cluster.local/ns/shop/sa/cart
certificate expired expired "$cart" -1
certificate proxy proxy DNS:proxy.test
openssl req -x509 "${curve[@]}" -days 36500 -subj "/CN=cart" -addext "subjectAltName=$cart" -keyout foreign.key.pem -out foreign.pem 2>&1
