#!/bin/sh
# Make certificates for docker-compose.tls.yml: a small authority, and one certificate for each server.
#   sh deploy/make_certificates.sh [NAME OF THIS HOST]...      names under which the API is reached
# Run it again to renew the certificates (they last 397 days); the authority stays. Needs openssl.
# For trials and small plants. A company's authority works as well: put its files in the same places.
set -eu
umask 077
cd "$(dirname "$0")/.."
mkdir -p secrets/tls
cd secrets/tls
command -v openssl >/dev/null || { echo "install openssl, for example: apt-get install openssl" >&2; exit 1; }

if [ ! -s ca.key ]; then
  openssl ecparam -genkey -name prime256v1 -noout -out ca.key
  openssl req -x509 -new -key ca.key -sha256 -days 3650 -subj "/CN=Werknetz trial authority" -out ca.pem \
    -addext "basicConstraints=critical,CA:TRUE,pathlen:0" -addext "keyUsage=critical,keyCertSign,cRLSign"
  echo "made the authority secrets/tls/ca.pem: give it to clients; keep ca.key away from the servers"
fi

issue() { # NAME ALTERNATIVE…
  name=$1; shift
  alternatives="DNS:$name,DNS:localhost,IP:127.0.0.1"
  for other in "$@"; do
    case $other in *[!0-9.]*) alternatives="$alternatives,DNS:$other" ;; *) alternatives="$alternatives,IP:$other" ;; esac
  done
  printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\nbasicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n' \
    "$alternatives" > "$name.ext"
  openssl ecparam -genkey -name prime256v1 -noout -out "$name.new.key"
  openssl req -new -key "$name.new.key" -subj "/CN=$name" -out "$name.csr"
  openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 397 -sha256 -extfile "$name.ext" \
    -out "$name.new.pem" 2>/dev/null
  # In place: a container that has the file mounted reads the new content. The folder is 0700, so
  # that only its owner and the containers, whose users are not root, can read the keys.
  cat "$name.new.key" > "$name.key"; cat "$name.new.pem" > "$name.pem"
  chmod 444 "$name.key" "$name.pem"
  rm -f "$name.ext" "$name.csr" "$name.new.key" "$name.new.pem"
}

chmod 700 . ..
chmod 444 ca.pem
for server in postgres valkey queue mosquitto; do issue "$server"; done
issue core "$@"
echo "made certificates for core, postgres, valkey, queue and mosquitto in secrets/tls"
