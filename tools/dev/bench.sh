# bench: measures what is promised, beside a peer or a limit of the same run
die "not built yet: the programs that it needs do not exist so far"
