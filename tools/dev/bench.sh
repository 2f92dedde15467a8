# bench [--quick] [NAME...]: measures what is promised, beside a peer or a limit of the same run
need build client script
build release mdsd csd vstorage cairn cairn-sim meta_test
exec python3 tools/bench "$@"
