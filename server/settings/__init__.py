"""What a process is told to do: options of the command line, Metaflow's configuration, and what comes of both."""
