# shell [COMMAND...]: a shell, or one command, with the programs of the demo cluster
die "not built yet: the programs that it needs do not exist so far"
