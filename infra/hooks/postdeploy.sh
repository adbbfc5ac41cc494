#!/bin/sh
# After `azd deploy`: where to look. Changes nothing.
set -eu
cat <<TEXT
Postrum: deployed. Console: $POSTRUM_URL
  Check it from here: postrum doctor --url $POSTRUM_URL
TEXT
