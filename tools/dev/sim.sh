# sim [--seeds N]: runs simulated clusters from seeds
die "not built yet: the programs that it needs do not exist so far"
