# fmt: formats all C++ files in place
need lint
tools/format.sh
