# run [--fresh]: starts the demo cluster, or what of it does not run
die "not built yet: the programs that it needs do not exist so far"
