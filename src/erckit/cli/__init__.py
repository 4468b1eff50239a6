"""The ``erckit`` command: one file per group of commands, each imported only when it is asked for."""
