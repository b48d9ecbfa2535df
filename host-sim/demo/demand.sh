#!/bin/sh
# Puts what is demanded of answers into the built-in model: the grammar of its answers, and a probability that they must have, more
# where they unlock, open or heat. Usage: host-sim/demo/demand.sh FLASHLET IN.gguf OUT.gguf
set -eu
flashlet=$1 in=$2 out=$3
demo=$(dirname "$0")

set --
for action in '"do":"unlock"' '"do":"open","device":"door"' '"do":"open","device":"gate"' '"do":"on","device":"heater"' \
  '"do":"set","device":"heater"' '"do":"up","device":"heater"' '"do":"on","device":"kettle"' '"do":"start","device":"kettle"' \
  '"do":"on","device":"coffee_maker"' '"do":"start","device":"coffee_maker"'; do
  set -- "$@" --min-prob-rule "$action=0.98"
done
# Answers have 20 tokens at most where they are right: nearly every key with its value is one token or two.
"$flashlet" pack "$in" "$out" --no-index --no-chat --no-checksums --grammar "$demo/house.gbnf" --grammar-room 24 \
  --min-prob 0.9 "$@" --unsure '{"do":"none","why":"unclear"}'
