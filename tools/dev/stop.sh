# stop: stops the demo cluster
die "not built yet: the programs that it needs do not exist so far"
