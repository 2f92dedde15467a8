# shell [COMMAND...]: a shell, or one command, with the programs of the demo cluster
. tools/demo.sh
if [ ! -x "$programs/vstorage" ]; then
    need build
    build release mdsd csd vstorage cairn
fi
export PATH=$programs:$PATH
cd "$caller_folder"
unset -f vstorage cairn
if [ $# -gt 0 ]; then
    exec "$@"
fi
echo "CAIRN_ROOT=$CAIRN_ROOT; programs from $programs"
exec "${SHELL:-bash}"
