#!/bin/sh
# After `azd deploy`: where to look. Changes nothing.
set -eu
echo "Postrum: deployed. Console: $POSTRUM_URL"
