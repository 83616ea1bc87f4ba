#!/bin/sh
# Compiles (all arguments but the first) and keeps what ptxas says of registers, shared memory and spills in OBJECT.ptxas, for
# scripts/kernel_resources. Warnings are errors, so a compilation that succeeds says nothing else.
object=$1
shift
"$@" 2>"$object.ptxas" || {
  code=$?
  cat "$object.ptxas" >&2
  exit $code
}
